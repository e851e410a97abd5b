from torch import Tensor


def pad_collate(
    batch: list[tuple[Tensor, int]],  # (sequence, label), the sequence of shape (length, *)
    padding_value: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    # padded (batch, T, *), lengths (batch,) int64, mask (batch, T) bool, labels (batch,) int64
    raise NotImplementedError
