"""Takes the class's name for the node's."""
from collections import deque


def graph_walk(tensor):
    queue, seen, names = deque([tensor.grad_fn]), set(), []
    while queue:
        node = queue.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(type(node).__name__)
        queue.extend(n for n, _ in node.next_functions)
    return names
