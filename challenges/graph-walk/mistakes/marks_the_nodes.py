"""Marks the nodes it has seen in their metadata, so the second call finds nothing."""

from collections import deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    queue, names = deque([tensor.grad_fn]), []
    while queue:
        node = queue.popleft()
        if node is None or "seen" in node.metadata:
            continue
        node.metadata["seen"] = True
        names.append(node.name())
        queue.extend(following for following, _ in node.next_functions)
    return names
