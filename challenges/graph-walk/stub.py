import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    # the names of the nodes behind tensor.grad_fn, breadth first, each node once
    raise NotImplementedError
