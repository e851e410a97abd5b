"""Takes inputs that require a gradient as they are, so that one behind another counts twice."""
import torch


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    with torch.enable_grad():
        leaves = [x if x.requires_grad else x.detach().requires_grad_() for x in inputs]
        y = f(*leaves)
        if not y.requires_grad:
            return tuple(torch.zeros_like(x).detach() for x in inputs)
        g = torch.autograd.grad(y, leaves, create_graph=True, materialize_grads=True)
        slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))
    if not slope.requires_grad:
        return tuple(torch.zeros_like(x).detach() for x in inputs)
    return torch.autograd.grad(slope, leaves, materialize_grads=True)
