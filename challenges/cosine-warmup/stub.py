def cosine_warmup_lr(
    step: int, warmup_steps: int, total_steps: int, base_lr: float, min_lr: float = 0.0
) -> float:
    # step counts from 0; 0 <= warmup_steps <= total_steps
    raise NotImplementedError
