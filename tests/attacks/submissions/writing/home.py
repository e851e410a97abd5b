"""New files in the home directory, and changes to old ones."""

for path in ("@HOME@/planted", "@HOME@/.bashrc", "@HOME@/notes.txt", "@HOME@/.config/autostart"):
    for mode in ("w", "a"):
        try:
            open(path, mode).write("planted")
            print("BREACH", path)
        except OSError:
            pass
print("tried")
