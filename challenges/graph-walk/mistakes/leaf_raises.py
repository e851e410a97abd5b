"""Takes for granted that there is a grad_fn."""
from collections import deque


def graph_walk(tensor):
    queue, seen, names = deque([tensor.grad_fn]), {tensor.grad_fn}, []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return names
