import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch


def random_states(generator: torch.Generator) -> dict[str, Any]:
    """Tensors, numbers, strings and tuples only, so that torch.load need not trust the file."""
    kind, keys, *rest = np.random.get_state()
    return {
        "loader": generator.get_state(),
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": (kind, keys.tolist(), *rest),
    }


def set_random_states(states: dict[str, Any], generator: torch.Generator) -> None:
    generator.set_state(states["loader"])
    torch.set_rng_state(states["torch"])
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])


def save_checkpoint(path, model, optimizer, scheduler, generator, epoch) -> None:
    path = Path(path)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    state = {name: part.state_dict() for name, part in parts.items()}
    state |= {"epoch": epoch, "random": random_states(generator)}
    with tempfile.TemporaryDirectory(
        dir=path.parent
    ) as directory:  # on the same disk, so that replace only renames
        unfinished = Path(directory) / path.name
        torch.save(state, unfinished)
        unfinished.replace(path)


def load_checkpoint(path, model, optimizer, scheduler, generator) -> int:
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in {"model": model, "optimizer": optimizer, "scheduler": scheduler}.items():
        part.load_state_dict(state[name])
    set_random_states(state["random"], generator)
    return state["epoch"]
