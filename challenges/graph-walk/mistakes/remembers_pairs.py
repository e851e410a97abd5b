"""Remembers the pairs of next_functions: a node is listed again for each of its outputs."""

from collections import deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    if tensor.grad_fn is None:
        return []
    queue, seen, names = deque([(tensor.grad_fn, 0)]), {(tensor.grad_fn, 0)}, []
    while queue:
        node, _ = queue.popleft()
        names.append(node.name())
        for pair in node.next_functions:
            if pair[0] is not None and pair not in seen:
                seen.add(pair)
                queue.append(pair)
    return names
