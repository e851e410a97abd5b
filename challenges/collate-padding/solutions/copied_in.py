import torch
from torch import Tensor


def pad_collate(
    batch: list[tuple[Tensor, int]], padding_value: float = 0.0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Allocate the padded tensor, and copy each sequence into its row."""
    first = batch[0][0]
    lengths = torch.tensor([sequence.shape[0] for sequence, _ in batch], dtype=torch.int64)
    longest = int(lengths.max())
    padded = first.new_full((len(batch), longest, *first.shape[1:]), padding_value)
    mask = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, (sequence, _) in enumerate(batch):
        padded[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = True
    labels = torch.tensor([label for _, label in batch], dtype=torch.int64)
    return padded, lengths, mask, labels
