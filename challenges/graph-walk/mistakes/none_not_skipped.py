"""Forgets that an input may need no gradient."""
from collections import deque


def graph_walk(tensor):
    if tensor.grad_fn is None:
        return []
    queue, seen, names = deque([tensor.grad_fn]), {tensor.grad_fn}, []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following, _ in node.next_functions:
            if following not in seen:
                seen.add(following)
                queue.append(following)
    return names
