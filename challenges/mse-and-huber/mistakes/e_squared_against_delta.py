"""Compares the squared error with delta."""
import torch


def same_shape(input, target):
    if input.shape != target.shape:
        raise ValueError(f"shapes differ: {tuple(input.shape)} and {tuple(target.shape)}")


def reduce(losses, reduction):
    return {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]


def mse_loss(input, target, reduction="mean"):
    same_shape(input, target)
    return reduce((input - target) ** 2, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0):
    same_shape(input, target)
    e = input - target
    square = e**2
    return reduce(torch.where(square <= delta, 0.5 * square, delta * (e.abs() - 0.5 * delta)), reduction)
