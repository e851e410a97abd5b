"""Files that any user may read, and files of another user."""

for path in ("/etc/shadow", "/etc/hostname", "/etc/machine-id", "@OTHER@/public.txt", "@OTHER@/private.txt", "/var/log/dpkg.log"):
    try:
        print("BREACH", path, open(path).read(20))
    except OSError:
        pass
print("tried")
