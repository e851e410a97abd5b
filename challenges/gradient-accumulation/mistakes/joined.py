"""Joins the micro-batches into a large batch."""

from itertools import islice

import torch


def train_epoch(model, dataloader, criterion, optimizer, accumulation_steps):
    losses = []
    micro_batches = iter(dataloader)
    while group := list(islice(micro_batches, accumulation_steps)):
        optimizer.zero_grad()
        data = torch.cat([data for data, _ in group])
        target = torch.cat([target for _, target in group])
        loss = criterion(model(data), target)
        loss.backward()
        total = loss.item()
        optimizer.step()
        losses.append(total)
    return losses
