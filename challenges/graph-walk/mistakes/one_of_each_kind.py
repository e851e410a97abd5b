"""Remembers names instead of nodes."""
from collections import deque


def graph_walk(tensor):
    queue, names = deque([tensor.grad_fn]), []
    while queue:
        node = queue.popleft()
        if node is None:
            continue
        if node.name() not in names:
            names.append(node.name())
        elif len(names) > 30:
            break
        queue.extend(n for n, _ in node.next_functions)
    return names
