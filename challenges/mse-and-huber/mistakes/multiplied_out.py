"""Multiplies the square out, which loses the digits where input and target are large."""
import torch


def same_shape(input, target):
    if input.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(input.shape)} and {tuple(target.shape)}")


def reduce(losses, reduction):
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def mse_loss(input, target, reduction="mean"):
    same_shape(input, target)
    return reduce(input**2 - 2 * input * target + target**2, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0):
    same_shape(input, target)
    e = (input - target).abs()
    return reduce(torch.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)), reduction)
