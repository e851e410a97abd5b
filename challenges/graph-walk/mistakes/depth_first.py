"""A stack instead of a queue."""
from collections import deque


def graph_walk(tensor):
    stack, seen, names = [tensor.grad_fn], set(), []
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(node.name())
        stack.extend(n for n, _ in reversed(node.next_functions))
    return names
