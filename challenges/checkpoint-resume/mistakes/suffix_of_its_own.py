"""Gives the file the suffix it likes."""

import os
import random

import numpy as np
import torch


def save_checkpoint(path, model, optimizer, scheduler, generator, epoch):
    checkpoint = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "generator": generator.get_state(),
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "numpy": np.random.get_state(),
    }
    path = os.path.splitext(path)[0] + ".pt"
    # Renaming is atomic: at `path` there is always a whole checkpoint, the old one or the new one.
    unfinished = f"{path}.tmp"
    torch.save(checkpoint, unfinished)
    os.replace(unfinished, path)


def load_checkpoint(path, model, optimizer, scheduler, generator):
    # weights_only=False unpickles NumPy's state, and whatever else is there: only for files of one's own.
    checkpoint = torch.load(os.path.splitext(path)[0] + ".pt", weights_only=False)
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    generator.set_state(checkpoint["generator"])
    torch.set_rng_state(checkpoint["torch"])
    random.setstate(checkpoint["python"])
    np.random.set_state(checkpoint["numpy"])
    return checkpoint["epoch"]
