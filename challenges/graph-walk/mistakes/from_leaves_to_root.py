"""Lists the operations in the order of the forward pass."""
from collections import deque


def graph_walk(tensor):
    queue, seen, names = deque([tensor.grad_fn]), set(), []
    while queue:
        node = queue.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(node.name())
        queue.extend(n for n, _ in node.next_functions)
    return names[::-1]
