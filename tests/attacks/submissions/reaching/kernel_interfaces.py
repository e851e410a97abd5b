"""Parts of the kernel with a history of holes."""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
calls = {"bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425, "keyctl": 250, "add_key": 248, "kexec_load": 246, "init_module": 175, "iopl": 172, "modify_ldt": 154, "future": 600, "x32": 0x40000000 + 39}
for name, number in calls.items():
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0:
        print("BREACH", name)
print("tried")
