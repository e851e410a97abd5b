"""Goes through the inputs one by one, with a forward pass for each."""
import torch


def hvp(f, inputs, vectors):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]
    products = []
    for i in range(len(inputs)):
        with torch.enable_grad():
            leaves = [x.detach().requires_grad_() for x in inputs]
            y = f(*leaves)
            if not y.requires_grad:
                return tuple(torch.zeros_like(x) for x in inputs)
            g = torch.autograd.grad(y, leaves, create_graph=True, materialize_grads=True)
            slope = sum((g_i * v_i).sum() for g_i, v_i in zip(g, vectors))
        if not slope.requires_grad:
            return tuple(torch.zeros_like(x) for x in inputs)
        products.append(torch.autograd.grad(slope, leaves[i], materialize_grads=True)[0])
    return tuple(products)
