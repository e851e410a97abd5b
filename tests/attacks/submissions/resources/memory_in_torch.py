"""Tensors that are kept, page by page touched (needs time)."""

import torch

hoard = []
while True:
    hoard.append(torch.ones(1 << 22))
