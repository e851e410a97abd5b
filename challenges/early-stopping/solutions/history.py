import operator
from dataclasses import dataclass, field

from torch import Tensor, nn


@dataclass
class EarlyStopping:
    """Remembers at which call the best value came; what is left of the patience follows from it."""

    patience: int = 3
    min_delta: float = 0.0
    mode: str = "min"
    best: float | None = None
    calls: int = 0
    best_call: int = 0
    kept: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mode not in {"min", "max"}:
            raise ValueError(f"no mode {self.mode!r}")

    def improves(self, value: float) -> bool:
        if value != value:  # NaN
            return False
        if self.best is None:
            return True
        if self.mode == "min":
            return operator.lt(value, self.best - self.min_delta)
        return operator.gt(value, self.best + self.min_delta)

    def step(self, value: float, model: nn.Module) -> bool:
        self.calls += 1
        if self.improves(value):
            self.best, self.best_call = value, self.calls
            self.kept = {
                name: tensor.detach().clone() for name, tensor in model.state_dict().items()
            }
        return self.calls - self.best_call >= self.patience

    def restore(self, model: nn.Module) -> None:
        model.load_state_dict(self.kept)
