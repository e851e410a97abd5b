"""Follows the first input alone."""
from collections import deque


def graph_walk(tensor):
    names, node = [], tensor.grad_fn
    while node is not None:
        names.append(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return names
