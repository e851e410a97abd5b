from typing import Any

import torch
from torch import Tensor, nn


def predict(model: nn.Module, x: Tensor) -> Any:
    # returns what model(x) gives in eval mode, without a graph
    raise NotImplementedError
