"""Puts a hook on each node, meaning to see it in a backward pass, and leaves it there."""

from collections import deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    queue = deque([tensor.grad_fn] if tensor.grad_fn is not None else [])
    seen, names = set(queue), []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        node.register_hook(lambda *gradients: None)
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return names
