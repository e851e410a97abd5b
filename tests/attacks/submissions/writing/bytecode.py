"""Compiled files beside the sources."""

import compileall
import os
import sys

sys.dont_write_bytecode = False
for source in (os.__file__, __import__("torch").__file__):
    try:
        if compileall.compile_file(source, force=True, quiet=2):
            print("BREACH", source)
    except OSError:
        pass
print("tried")
