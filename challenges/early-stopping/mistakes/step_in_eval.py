"""Puts the model in eval mode to keep its weights, and leaves it there."""

import copy


class EarlyStopping:
    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        if mode not in ("min", "max"):
            raise ValueError("mode should be 'min' or 'max'")
        self.patience = patience
        self.min_delta = min_delta
        self.sign = 1 if mode == "min" else -1
        self.best = self.sign * float("inf")
        self.bad_epochs = 0

    def step(self, value, model):
        # False for NaN, as every comparison with it is
        if self.sign * (self.best - value) > self.min_delta:
            self.best = value
            self.bad_epochs = 0
            self.best_state = copy.deepcopy(model.eval().state_dict())
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience

    def restore(self, model):
        model.load_state_dict(self.best_state)
