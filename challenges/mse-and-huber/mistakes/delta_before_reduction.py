"""Puts delta before reduction, so that a call by position goes wrong."""
import torch


def same_shape(input, target):
    if input.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(input.shape)} and {tuple(target.shape)}")


def reduce(losses, reduction):
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def mse_loss(input, target, reduction="mean"):
    same_shape(input, target)
    return reduce((input - target) ** 2, reduction)


def huber_loss(input, target, delta=1.0, reduction="mean"):
    same_shape(input, target)
    e = (input - target).abs()
    return reduce(torch.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)), reduction)
