"""Files by handle and by new mounts, past every path."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
handle = ctypes.create_string_buffer(b"\x80\0\0\0" + bytes(140))
mount = ctypes.c_int()
if libc.name_to_handle_at(-100, b"/usr", handle, ctypes.byref(mount), 0) >= 0:
    print("BREACH name_to_handle_at")
for number in (428, 430, 432):  # open_tree, fsopen, fsmount
    if libc.syscall(number, -100, b"/", 0) >= 0:
        print("BREACH", number)
print("tried")
