import torch
from torch import nn


class _Recorder:
    """A context that records, for whoever wants to look at more than one forward pass."""

    def __init__(self, model: nn.Module, names):
        modules = {name: module for name, module in model.named_modules(remove_duplicate=False)}
        self.targets = [(name, modules[name]) for name in names]
        self.features: dict[str, torch.Tensor] = {}
        self.handles = []

    def __enter__(self):
        for name, module in self.targets:
            self.handles.append(module.register_forward_hook(lambda _m, _args, out, name=name: self._record(name, out)))
        return self

    def _record(self, name, output):
        self.features[name] = output + 0  # a copy that stays in the graph; returns None, which changes nothing

    def __exit__(self, *exception):
        while self.handles:
            self.handles.pop().remove()


def extract_features(model, x, names):
    with _Recorder(model, names) as recorder:
        model(x)
    return recorder.features
