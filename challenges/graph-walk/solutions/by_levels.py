import torch


def graph_walk(tensor: torch.Tensor) -> list[str]:
    """One list for each distance from the root."""
    order = {}  # a dict keeps the order in which nodes were first met
    level = [tensor.grad_fn]
    while level := [
        node for node in dict.fromkeys(level) if node is not None and node not in order
    ]:
        order.update(dict.fromkeys(level))
        level = [following for node in level for following, _ in node.next_functions]
    return [node.name() for node in order]
