"""Ends the loop over next_functions where an input needs no gradient."""

from collections import deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    queue = deque([tensor.grad_fn] if tensor.grad_fn is not None else [])
    seen, names = set(queue), []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following, _ in node.next_functions:
            if following is None:
                break
            if following not in seen:
                seen.add(following)
                queue.append(following)
    return names
