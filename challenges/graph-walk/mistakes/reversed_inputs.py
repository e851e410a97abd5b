"""Takes the inputs from the last to the first."""
from collections import deque


def graph_walk(tensor):
    queue, seen, names = deque([tensor.grad_fn]), set(), []
    while queue:
        node = queue.popleft()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(node.name())
        queue.extend(n for n, _ in reversed(node.next_functions))
    return names
