"""Lists a node only after all nodes that lead to it, the order of a backward pass."""

from collections import Counter, deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    if tensor.grad_fn is None:
        return []
    paths, stack = Counter({tensor.grad_fn: 0}), [tensor.grad_fn]
    while stack:
        for following, _ in stack.pop().next_functions:
            if following is not None:
                if following not in paths:
                    stack.append(following)
                paths[following] += 1
    queue, names = deque([tensor.grad_fn]), []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following, _ in node.next_functions:
            if following is not None:
                paths[following] -= 1
                if paths[following] == 0:
                    queue.append(following)
    return names
