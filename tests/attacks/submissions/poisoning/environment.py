"""Variables that change how the next process computes."""

import os

os.environ.update(OMP_NUM_THREADS="7", PYTHONPATH="/tmp", CUDA_VISIBLE_DEVICES="", LD_PRELOAD="/tmp/planted.so")
