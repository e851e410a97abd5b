"""Takes the leaves for the end of the graph."""
from collections import deque


def graph_walk(tensor):
    queue, seen, names = deque([tensor.grad_fn] if tensor.grad_fn else []), set(), []
    while queue:
        node = queue.popleft()
        if node is None or node in seen or hasattr(node, "variable"):
            continue
        seen.add(node)
        names.append(node.name())
        queue.extend(n for n, _ in node.next_functions)
    return names
