"""Keeps a copy in eval mode for the calls to come."""

import copy
import weakref

import torch

_copies = weakref.WeakKeyDictionary()


def predict(model, x):
    if model not in _copies:
        _copies[model] = copy.deepcopy(model).eval()
    with torch.no_grad():
        return _copies[model](x)
