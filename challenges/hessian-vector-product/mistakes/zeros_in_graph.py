"""Makes the zeros by 0 * x, which hangs them into a graph."""
import torch


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    with torch.enable_grad():
        leaves = [x.detach().requires_grad_() for x in inputs]
        y = f(*leaves)
        if not y.requires_grad:
            return tuple(0 * x for x in leaves)
        g = torch.autograd.grad(y, leaves, create_graph=True, materialize_grads=True)
        slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))
        if not slope.requires_grad:
            return tuple(0 * x for x in leaves)
    return torch.autograd.grad(slope, leaves, materialize_grads=True)
