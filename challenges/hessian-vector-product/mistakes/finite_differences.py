"""Takes the difference of two gradients."""
import torch


def grad(y, leaves, create_graph=False):
    if not y.requires_grad:
        return tuple(torch.zeros_like(leaf) for leaf in leaves)
    return torch.autograd.grad(y, leaves, create_graph=create_graph, materialize_grads=True)


def hvp(f, inputs, vectors, h=1e-5):
    if isinstance(inputs, torch.Tensor):
        return hvp(f, (inputs,), (vectors,))[0]

    def gradient_at(step):
        with torch.enable_grad():
            leaves = [(x + step * v).detach().requires_grad_() for x, v in zip(inputs, vectors)]
            return grad(f(*leaves), leaves)

    return tuple((up - down) / (2 * h) for up, down in zip(gradient_at(h), gradient_at(-h)))
