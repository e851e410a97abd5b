"""Starts at the successors."""
from collections import deque


def graph_walk(tensor):
    if tensor.grad_fn is None:
        return []
    queue, seen, names = deque([tensor.grad_fn]), {tensor.grad_fn}, []
    while queue:
        node = queue.popleft()
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                names.append(following.name())
                queue.append(following)
    return names
