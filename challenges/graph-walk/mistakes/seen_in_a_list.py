"""Looks for each node in a list of those seen, which takes longer with every node."""

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    if tensor.grad_fn is None:
        return []
    nodes = [tensor.grad_fn]
    for node in nodes:
        for following, _ in node.next_functions:
            if following is not None and following not in nodes:
                nodes.append(following)
    return [node.name() for node in nodes]
