"""Gives up on large graphs, because it walks every path."""
from collections import deque


def graph_walk(tensor):
    paths, names, order = [tensor.grad_fn], [], []
    while paths and len(paths) < 5000:
        following = []
        for node in paths:
            if node is None:
                continue
            if node not in order:
                order.append(node)
            following += [n for n, _ in node.next_functions]
        paths = following
    return [node.name() for node in order]
