"""Marks a node when it leaves the queue, and lists it when it enters."""
from collections import deque


def graph_walk(tensor):
    if tensor.grad_fn is None:
        return []
    level, names = [tensor.grad_fn], []
    while level:
        names += [node.name() for node in level]
        level = [n for node in level for n, _ in node.next_functions if n is not None]
    return names
