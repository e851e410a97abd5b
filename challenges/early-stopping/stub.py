from torch import nn


class EarlyStopping:
    def __init__(self, patience: int = 3, min_delta: float = 0.0, mode: str = "min"):
        # mode: "min" (a loss) or "max" (an accuracy)
        raise NotImplementedError

    def step(self, value: float, model: nn.Module) -> bool:
        # keeps self.best; returns whether to stop
        raise NotImplementedError

    def restore(self, model: nn.Module) -> None:
        raise NotImplementedError
