from collections import deque

import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    if tensor.grad_fn is None:
        return []
    queue = deque([tensor.grad_fn])
    seen = {tensor.grad_fn}
    names = []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following, _ in node.next_functions:
            # Marked on the way in: a node that many paths lead to enters the queue once.
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return names
