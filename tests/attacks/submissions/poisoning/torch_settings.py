"""Default dtype, threads, determinism, gradient mode, printing (needs time)."""

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(2)
torch.set_grad_enabled(False)
torch.set_printoptions(precision=1)
torch.use_deterministic_algorithms(False)


def answer(x):
    return 2 * x + 1
