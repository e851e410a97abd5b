from collections.abc import Sequence
from contextlib import ExitStack

import torch
from torch import nn


def extract_features(model: nn.Module, x: torch.Tensor, names: Sequence[str]) -> dict[str, torch.Tensor]:
    modules = dict(model.named_modules())
    features: dict[str, torch.Tensor] = {}

    def keep(name: str):
        def hook(module: nn.Module, args: tuple, output: torch.Tensor) -> None:
            features[name] = output.clone()  # a later in-place operation may overwrite the output

        return hook

    with ExitStack() as hooks:  # removes every hook, whatever happens inside
        for name in names:
            hooks.enter_context(modules[name].register_forward_hook(keep(name)))
        model(x)  # not model.forward(x), which would skip the model's own hooks
    return features
