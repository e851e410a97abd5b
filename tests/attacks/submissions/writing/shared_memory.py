"""Shared memory and semaphores with names, which outlive their makers."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for attempt in (
    lambda: open("/dev/shm/planted-by-attack", "w").close(),
    lambda: os.close(os.open("/dev/shm/others-segment", os.O_RDWR)) or print("BREACH others-segment"),
):
    try:
        attempt()
    except OSError:
        pass
libc.sem_open.restype = ctypes.c_void_p
libc.sem_open(b"/planted-by-attack", os.O_CREAT, 0o600, 1)
for number in (29, 64, 68):  # shmget, semget, msgget
    if libc.syscall(number, 0, 4096, 0o1600) >= 0:
        print("BREACH System V", number)
print("tried")
