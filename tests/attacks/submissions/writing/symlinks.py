"""Links out of the scratch directory, which the judge might follow when it cleans up."""

import os

for number, target in enumerate(("@HOME@", "@HOME@/notes.txt", "/", "/etc/passwd")):
    os.symlink(target, f"link-{number}")
    try:
        open(f"link-{number}", "a").write("planted")
        print("BREACH", target)
    except OSError:
        pass
os.mkdir("deep")
os.symlink("@HOME@", "deep/home")
print("tried")
