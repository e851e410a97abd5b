"""The user's files, by path."""

for path in ("@HOME@/notes.txt", "@HOME@/.ssh/id_ed25519", "@HOME@/.netrc", "@HOME@/.bash_history"):
    try:
        print("BREACH", open(path).read())
    except OSError:
        pass
print("tried")
