"""Runs a backward pass first, to be sure that there is a graph."""
from collections import deque


def graph_walk(tensor):
    if tensor.grad_fn is None:
        return []
    tensor.sum().backward()
    queue, seen, names = deque([tensor.grad_fn]), set(), []
    while queue:
        node = queue.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(node.name())
        queue.extend(n for n, _ in node.next_functions)
    return names
