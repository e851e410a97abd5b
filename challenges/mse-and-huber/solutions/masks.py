def mse_loss(input, target, reduction="mean"):
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(f"{input.shape} != {target.shape}")
    e = input - target
    return e * e if reduction == "none" else getattr(e * e, reduction)()


def huber_loss(input, target, reduction="mean", delta=1.0):
    """The derivative of the loss is the clipped error; here the loss is put together from the two sets of elements."""
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(f"{input.shape} != {target.shape}")
    e = input - target
    small = (e.abs() <= delta).to(e.dtype)
    loss = small * (e * e / 2) + (1 - small) * delta * (e * e.sign() - delta / 2)
    return loss if reduction == "none" else getattr(loss, reduction)()
