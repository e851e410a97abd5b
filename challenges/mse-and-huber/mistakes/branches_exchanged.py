"""Turns the condition round."""
import torch


def _reduce(loss, reduction):
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.mean()


def _check(input, target):
    if input.shape != target.shape:
        raise ValueError("shapes differ")


def mse_loss(input, target, reduction="mean"):
    _check(input, target)
    return _reduce((input - target) ** 2, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0):
    _check(input, target)
    e = input - target
    a = torch.abs(e)
    loss = torch.where(a > delta, 0.5 * e ** 2, delta * (a - 0.5 * delta))
    return _reduce(loss, reduction)
