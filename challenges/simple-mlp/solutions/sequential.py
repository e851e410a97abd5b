from collections import OrderedDict

from torch import nn


class SimpleMLP(nn.Sequential):
    """The order is the whole forward pass, so a Sequential with names says it all."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int):
        super().__init__(
            OrderedDict(
                fc1=nn.Linear(input_size, hidden_size),
                relu=nn.ReLU(inplace=True),  # overwrites fc1's output, which nobody else needs
                fc2=nn.Linear(hidden_size, output_size),
            )
        )
