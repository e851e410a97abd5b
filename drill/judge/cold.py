"""One check in a process of its own, for where no warm server can be had or none is wanted.

`python -m drill.judge.cold FD`: the same warden and child, at the other end of an inherited socket.
"""

import os
import socket
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from drill.judge import confine, preload, warden


def main() -> int:
    connection = socket.socket(fileno=int(sys.argv[1]))
    level = confine.level()
    preload.imports()
    judge = warden.Judge(warm=False, level=level, versions=preload.versions(), answer={})
    warden.serve(connection, judge, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
