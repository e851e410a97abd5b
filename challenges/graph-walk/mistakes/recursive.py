"""Goes level by level, by recursion."""
from collections import deque


def graph_walk(tensor):
    seen, names = set(), []

    def visit(level):
        level = [n for n in dict.fromkeys(level) if n is not None and n not in seen]
        if not level:
            return
        seen.update(level)
        names.extend(n.name() for n in level)
        visit([m for n in level for m, _ in n.next_functions])

    visit([tensor.grad_fn])
    return names
