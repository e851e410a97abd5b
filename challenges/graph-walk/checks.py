"""Hidden checks for graph-walk. A check's docstring is the line the learner sees."""

from collections import deque
from itertools import takewhile

import torch

from drill.checking import fail, torch_calls, tried

LEAF = "torch::autograd::AccumulateGrad"


def oracle(tensor, successors=lambda node: [n for n, _ in node.next_functions]):
    """The names, breadth first; `successors` lets a wrong idea change what is followed."""
    queue = deque([tensor.grad_fn] if tensor.grad_fn is not None else [])
    seen, names = set(queue), []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for following in successors(node):
            if following is not None and following not in seen:
                seen.add(following)
                queue.append(following)
    return names


def depth_first(tensor):
    stack, seen, names = [tensor.grad_fn], set(), []
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        names.append(node.name())
        stack.extend(n for n, _ in reversed(node.next_functions))
    return names


def last_first(tensor):
    """What a stack gives where nodes are marked as they are put on it."""
    stack, seen, names = [tensor.grad_fn], {tensor.grad_fn}, []
    while stack:
        node = stack.pop()
        names.append(node.name())
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                stack.append(following)
    return names


def every_path(tensor):
    level, names = [tensor.grad_fn], []
    while level:
        names += [node.name() for node in level]
        level = [n for node in level for n, _ in node.next_functions if n is not None]
    return names


def each_level(tensor):
    """Each node once in a level, but again in every level that leads to it."""
    level, names = [tensor.grad_fn], []
    while level:
        names += [node.name() for node in level]
        level = list(dict.fromkeys(n for node in level for n, _ in node.next_functions if n))
    return names


def by_longest_path(tensor):
    """Each node only after all that lead to it, as a backward pass would go."""
    level, place = [tensor.grad_fn], {}
    while level:
        for node in level:
            place.pop(node, None)
            place[node] = True
        level = list(dict.fromkeys(n for node in level for n, _ in node.next_functions if n))
    return [node.name() for node in place]


def each_output(tensor):
    """A node again for each of its outputs: the pairs of next_functions are remembered."""
    queue, seen, names = deque([tensor.grad_fn]), set(), []
    while queue:
        node = queue.popleft()
        names.append(node.name())
        for pair in node.next_functions:
            if pair[0] is not None and pair not in seen:
                seen.add(pair)
                queue.append(pair[0])
    return names


def assert_list(actual):
    if not isinstance(actual, list) or not all(isinstance(name, str) for name in actual):
        fail(f"the result should be a list of names, got {actual!r:.200}")


def assert_walk(submission, tensor, what):
    expected = oracle(tensor)
    tried(f"graph_walk({what})")
    try:
        actual = submission.graph_walk(tensor)
    except (AttributeError, TypeError) as error:
        if "NoneType" not in str(error):
            raise
        fail(
            f"graph_walk({what}) raises {type(error).__name__}: {error}",
            mistake="next_functions holds None where an input needs no gradient; skip those entries",
        )
    assert_list(actual)
    if actual == expected:
        return
    kinds = list(dict.fromkeys(expected))
    ideas = {
        "the tensor's own node is left out; start with grad_fn itself": expected[1:],
        "the AccumulateGrad nodes are left out; leaves belong to the list": [
            n for n in expected if n != LEAF
        ],
        "these are the classes' names; use node.name()": [n.rpartition(":")[2] for n in expected],
        "the list is turned round; the tensor's own node comes first": expected[::-1],
        "the loop ends at the first None; skip that entry and go on with the next": oracle(
            tensor,
            lambda n: takewhile(lambda m: m is not None, [m for m, _ in n.next_functions]),
        ),
        "only the first of next_functions is followed": oracle(
            tensor, lambda n: [m for m, _ in n.next_functions[:1]]
        ),
        "this goes depth first; all nodes of one distance come before the next": depth_first(
            tensor
        ),
        "this takes the node that came last, which goes into the depth; take the one that waits longest": last_first(
            tensor
        ),
        "successors are taken from the last to the first": oracle(
            tensor, lambda n: [m for m, _ in reversed(n.next_functions)]
        ),
        "a node is listed once for each path to it; remember the nodes that were seen": every_path(
            tensor
        ),
        "a node is listed again for each step that leads to it; remember all nodes that were seen": each_level(
            tensor
        ),
        "a node comes after all paths to it, as a backward pass would go; its shortest path decides": by_longest_path(
            tensor
        ),
        "the pairs of next_functions are remembered; a node with several outputs is in several pairs": each_output(
            tensor
        ),
        "entries with an index above 0 are left out; the index says which output of a node was used": oracle(
            tensor, lambda n: [m for m, index in n.next_functions if index == 0]
        ),
        "nodes are recognised by their names; two different nodes of one kind are both listed": kinds,
    }
    mistake = next(
        (idea for idea, wrong in ideas.items() if wrong == actual and wrong != expected), ""
    )
    fail(
        "the names are not those of the graph, breadth first",
        details=[f"expected  {expected}", f"got       {actual}"],
        mistake=mistake,
    )


def leaf(*shape, device):
    return torch.rand(shape, device=device).add(0.5).requires_grad_()


def test_a_chain(submission, device):
    """a chain of operations, down to the leaf"""
    x = leaf(3, device=device)
    assert_walk(submission, x.exp().sin().sum(), "x.exp().sin().sum()")


def test_branches(submission, device):
    """branches, level by level and in order"""
    x, y, z = (leaf(3, device=device) for _ in range(3))
    assert_walk(submission, x.exp().sin() * (y.log() - z), "x.exp().sin() * (y.log() - z)")
    x, y, z = (leaf(3, device=device) for _ in range(3))
    parts = torch.cat([x.cos().exp(), y, z.tanh()])
    assert_walk(submission, parts.prod(), "torch.cat([x.cos().exp(), y, z.tanh()]).prod()")


def test_a_shared_node_once(submission, device):
    """a node that several paths lead to is listed once"""
    x = leaf(3, device=device)
    h = x.exp()
    assert_walk(submission, (h.sin() + h.cos()) * h, "(h.sin() + h.cos()) * h with h = x.exp()")


def test_several_outputs(submission, device):
    """a node whose second output is used, or both"""
    _, second = leaf(4, device=device).exp().split(2)
    assert_walk(submission, second, "second, with first, second = x.exp().split(2)")
    _, second = leaf(4, device=device).exp().split(2)
    assert_walk(submission, second.sin(), "second.sin(), from x.exp().split(2)")
    first, second = leaf(4, device=device).exp().split(2)
    assert_walk(submission, second.sin() * first, "second.sin() * first, from x.exp().split(2)")


def test_constants_are_skipped(submission, device):
    """inputs without a gradient have no node"""
    x = leaf(3, device=device)
    constant = torch.rand(3, device=device)
    assert_walk(submission, constant * x.exp() + constant, "constant * x.exp() + constant")


def test_without_a_graph(submission, device):
    """a leaf, a constant and a detached tensor give an empty list"""
    x, constant = leaf(3, device=device), torch.ones(2, device=device)
    for what, tensor in (
        ("a leaf", x),
        ("a constant", constant),
        ("x.exp().detach()", x.exp().detach()),
    ):
        tried(f"graph_walk of {what}")
        try:
            actual = submission.graph_walk(tensor)
        except (AttributeError, TypeError) as error:
            fail(
                f"{what} has no graph, so the list is empty; it raises {type(error).__name__}: {error}"
            )
        assert isinstance(actual, list) and actual == [], (
            f"{what} has no graph, so the list is empty, got {actual!r}"
        )
    assert not constant.requires_grad, "the constant requires a gradient afterwards"


class Identity(torch.autograd.Function):
    """An operation whose node is an object of a Python class, which can be watched."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def test_many_paths(submission, device):
    """the work grows with the nodes, not with the paths"""
    x = leaf(2, device=device)
    y = x
    for _ in range(14):
        y = y + y
    names = oracle(y)
    tried("graph_walk(y), with y = x and then y = y + y 14 times")
    actual = submission.graph_walk(y)
    assert list(actual) == names, (
        f"14 additions have {len(names)} nodes, got {len(list(actual))}; there are 2^14 paths, and each node counts once"
    )


def test_many_nodes(submission, device, monkeypatch):
    """the work grows with the nodes, not with their square"""
    y = leaf(2, device=device)
    for _ in range(400):
        y = Identity.apply(y)
    compared = []
    monkeypatch.setattr(type(y.grad_fn), "__eq__", lambda a, b: compared.append(1) or a is b)
    tried("graph_walk(y), with 400 operations behind y")
    submission.graph_walk(y)
    if len(compared) > 8000:
        fail(
            f"in a graph of 401 nodes, nodes are compared {len(compared):,} times",
            mistake="`node in seen` goes through the whole list where seen is a list, so the work grows with the square",
            hint="nodes are hashable: keep the seen ones in a set or in the keys of a dict",
        )


def test_a_deep_graph(submission, device):
    """a graph of 12,000 operations"""
    x = leaf(2, device=device)
    y = x
    for _ in range(12000):
        y = y.sin()
    tried("graph_walk(y), with y = y.sin() 12,000 times")
    try:
        actual = submission.graph_walk(y)
    except RecursionError:
        fail(
            "a deep graph ends at Python's recursion limit",
            mistake="recursion goes as deep as the graph; use a queue",
        )
    assert list(actual) == oracle(y), "the names of a deep graph are not those of its 12,001 nodes"


def test_no_hooks(submission, device, monkeypatch):
    """no hook is put on nodes or tensors"""
    y = Identity.apply(leaf(2, device=device))
    hooked = []
    for name in ("register_hook", "register_prehook"):
        monkeypatch.setattr(
            type(y.grad_fn), name, lambda node, hook, name=name: hooked.append(f"Node.{name}")
        )
    tried("graph_walk(y)")
    hooked += [name for name in torch_calls(lambda: submission.graph_walk(y)) if "hook" in name]
    if hooked:
        fail(
            f"a hook is registered ({hooked[0]})",
            mistake="a hook stays on the graph and runs in every backward pass; name() and next_functions tell all that is needed",
        )


def test_nothing_is_changed(submission, device):
    """no backward pass runs"""
    x = leaf(3, device=device)
    h = x.exp()
    y = (h * x).sum()
    names, gradient = oracle(y), torch.autograd.grad(y, x, retain_graph=True)[0]
    tried("graph_walk(y), twice")
    submission.graph_walk(y)
    if x.grad is not None:
        fail(
            "x.grad was None and is not any more",
            mistake="a backward pass ran; the graph can be read without one",
        )
    again = submission.graph_walk(y)
    if again != names:
        fail(
            f"the second call on the same graph should give {names}, got {again!r}",
            mistake="the first call leaves something behind: marks on the nodes, or names that it remembers",
        )
    other = leaf(2, device=device).sin()
    submission.graph_walk(other)
    assert again == names, (
        "the list of one call is changed by the next; return a new list each time"
    )
    marked = [n.name() for n in (y.grad_fn, h.grad_fn) if n.metadata]
    assert not marked, f"the metadata of {' and '.join(marked)} is written to; mark nodes elsewhere"
    assert not y.retains_grad, "y keeps its gradient afterwards: retain_grad() was called"
    tried("graph_walk(y), then y.backward()")
    try:
        y.backward()
    except RuntimeError:
        fail(
            "y.backward() raises afterwards",
            mistake="a backward pass ran, and freed what the graph had saved",
        )
    assert torch.equal(x.grad, gradient), "y.backward() gives another gradient afterwards"
