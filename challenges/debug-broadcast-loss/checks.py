"""Hidden checks for debug-broadcast-loss. A check's docstring is the line the learner sees."""

import itertools

import torch

from drill.checking import assert_close, assert_same_gradients, fail, tried, unchanged

TABLE = (
    "(N, 1) against (N,) broadcasts to (N, N): every prediction meets every target; "
    "bring both to one shape first"
)
WEIGHTS = "the weights meet the errors as (N, N); bring them to the shape of the errors"


def shaped(value, column):
    return value[:, None] if column else value


def call(function, *arguments):
    try:
        return function(*arguments)
    except (RuntimeError, ValueError, IndexError, AssertionError, TypeError) as error:
        shapes = ", ".join(str(tuple(a.shape)) for a in arguments)
        fail(
            f"shapes {shapes} raise {type(error).__name__}: {error}",
            hint="each of them may be a column or not",
        )


BOTH = (True, False)  # as a column, or not


def test_mse_pairs_each_prediction_with_its_target(submission, device):
    """mse_loss compares prediction i with target i"""
    for n, p, t in itertools.product((5, 1), BOTH, BOTH):
        pred, target = torch.randn(n, device=device), torch.randn(n, device=device) + 1
        expected = (pred - target).square().mean()
        table = (pred[:, None] - target).square()
        tried("mse_loss(pred, target)", pred=shaped(pred, p), target=shaped(target, t))
        loss = call(submission.mse_loss, shaped(pred, p), shaped(target, t))
        assert_close(
            loss, expected, what="the loss",
            mistakes={TABLE: table.mean(), "the errors are summed, not averaged": expected * n},
        )  # fmt: skip


def test_weights_meet_their_own_errors(submission, device):
    """mse_loss weighs error i by weight i"""
    scales = (1.0, 1e-4)  # of the weights, which only their ratios depend on
    for scale, n, p, t, w in itertools.product(scales, (5, 1), BOTH, BOTH, BOTH):
        pred, target = torch.randn(n, device=device), torch.randn(n, device=device) + 1
        weight = scale * (torch.rand(n, device=device) + 0.5)
        error = (pred - target).square()
        expected = (weight * error).sum() / weight.sum()
        table = (pred[:, None] - target).square()
        tried(
            "mse_loss(pred, target, weight)",
            pred=shaped(pred, p), target=shaped(target, t), weight=shaped(weight, w),
        )  # fmt: skip
        loss = call(submission.mse_loss, shaped(pred, p), shaped(target, t), shaped(weight, w))
        assert_close(
            loss, expected, what="the weighted loss",
            mistakes={
                TABLE: (weight * table).sum() / weight.sum(),
                TABLE + " (here the weights as well)": (weight[:, None] * table).sum() / weight.sum(),
                WEIGHTS: (weight[:, None] * error).sum() / weight.sum(),
                "a weighted mean divides by the sum of the weights, not by their number": (weight * error).mean(),
                "the weights are not used": error.mean(),
            },
            hint="divide by weight.sum() itself: an eps beside it, or a clamp, changes the mean where weights are small",
        )  # fmt: skip


def test_r2_compares_pairs(submission, device):
    """r2_score sums N residuals, not N * N"""
    dtypes, scales = (torch.float32, torch.float64), (1.0, 1e-4)
    for scale, dtype, p, t in itertools.product(scales, dtypes, BOTH, BOTH):
        pred = scale * torch.randn(6, device=device, dtype=dtype)
        target = scale * (2 * torch.randn(6, device=device, dtype=dtype) + 1)
        residual, total = (target - pred).square().sum(), (target - target.mean()).square().sum()
        table = (pred[:, None] - target).square()
        tried("r2_score(pred, target)", pred=shaped(pred, p), target=shaped(target, t))
        score = call(submission.r2_score, shaped(pred, p), shaped(target, t))
        assert_close(
            score, 1 - residual / total, what="the score", rtol=1e-5,
            mistakes={
                TABLE: 1 - table.sum() / total,
                TABLE + " (a mean does not repair it)": 1 - table.mean() / (total / 6),
                "one part divides by n, the other by n - 1": 1 - residual / 6 / (total / 5),
                "the sign or the 1 is lost": residual / total,
                "the total is taken of the predictions; it is that of the targets": 1
                - residual / (pred - pred.mean()).square().sum(),
                "a score below 0 is cut off; a model can be worse than the mean": (1 - residual / total).clamp(min=0),
                "this is the square of the correlation, which forgives a wrong scale": torch.corrcoef(
                    torch.stack([pred, target])
                )[0, 1].square(),
            },
            hint="divide by the total sum of squares itself, without an eps",
        )  # fmt: skip


def test_accuracy_compares_pairs(submission, device):
    """binary_accuracy compares logit i with target i"""
    dtypes = (torch.float32, torch.int64, torch.bool)
    logits = torch.tensor([0.3, -1.0, 0.2, 0.0, 2.0, 0.7, 0.9], device=device)
    labels = torch.tensor([1, 0, 0, 0, 1, 1, 1], device=device)
    for n, dtype, p, t in itertools.product((7, 1), dtypes, BOTH, BOTH):
        target = labels.to(dtype)[:n]
        tried(
            "binary_accuracy(logits, target)",
            logits=shaped(logits[:n], p),
            target=shaped(target, t),
        )
        accuracy = call(submission.binary_accuracy, shaped(logits[:n], p), shaped(target, t))

        def share(threshold, n=n, side=logits):
            return ((side > threshold) == labels.bool()[:n]).float().mean()

        assert_close(
            accuracy, share(0, side=logits[:n]), what="the accuracy",
            mistakes={
                TABLE: share(0, side=logits[:n, None]),
                "the logits are compared with 0.5; a probability of 0.5 is a logit of 0": share(0.5, side=logits[:n]),
                "a logit of exactly 0 counts as 0, not as 1": share(-1e-9, side=logits[:n]),
            },
        )  # fmt: skip


def test_accuracy_is_float32(submission, device):
    """the accuracy is float32 whatever the dtypes of its arguments"""
    logits = torch.tensor([0.3, -1.0, 0.2], device=device, dtype=torch.float64)
    target = torch.tensor([1.0, 0.0, 0.0], device=device, dtype=torch.float64)
    tried("binary_accuracy(logits, target) in float64", logits=logits, target=target)
    accuracy = call(submission.binary_accuracy, logits, target)
    assert_close(
        accuracy, torch.tensor(2 / 3, device=device), what="the accuracy",
        hint="a share is no logit: it is float32 also where the logits are float64",
    )  # fmt: skip


def test_sequence_loss_compares_positions(submission, device):
    """sequence_loss compares position by position, where the mask is True"""
    sizes = [(4, 4), (3, 5), (1, 4), (3, 1), (1, 1)]
    for (b, t), column in itertools.product(sizes, BOTH):
        pred, target = torch.randn(b, t, device=device), torch.randn(b, t, device=device) + 1
        mask = torch.rand(b, t, device=device) < 0.6
        mask[0, 0] = True
        if b > 1:
            mask[-1, -1] = False
        error = (pred - target).square()
        given = pred[..., None] if column else pred
        wrong = {
            "the mean runs over the masked positions too; divide by mask.sum()": (
                error * mask
            ).mean(),
            "the mask is not used": error.mean(),
            "each sequence counts the same; the mean runs over all positions of the batch": (
                (error * mask).sum(1) / mask.sum(1)
            ).mean(),
        }
        if t == 1:
            wrong[
                "squeeze() drops the time axis of one step too, and (B,) meets (B, 1); say which axis: squeeze(-1)"
            ] = ((pred[:, 0] - target).square() * mask).sum() / mask.sum()
        if b == t:
            wrong["(B, T, 1) against (B, T) broadcasts to (B, B, T)"] = (
                (pred[..., None] - target).square() * mask
            ).sum() / mask.sum()
        tried("sequence_loss(pred, target, mask)", pred=given, target=target, mask=mask)
        loss = call(submission.sequence_loss, given, target, mask)
        assert_close(loss, error[mask].mean(), what="the loss", mistakes=wrong)


REFUSED = [
    ("mse_loss", [(1,), (5,)]),
    ("mse_loss", [(5, 1), (1,)]),
    ("mse_loss", [(1, 1), (5, 1)]),
    ("mse_loss", [(5,), (5,), (1,)]),
    ("mse_loss", [(5, 1), (5,), (1, 1)]),
    ("r2_score", [(1, 1), (5,)]),
    ("r2_score", [(5,), (1, 1)]),
    ("binary_accuracy", [(1,), (5, 1)]),
    ("binary_accuracy", [(5, 1), (1,)]),
    ("sequence_loss", [(1, 4, 1), (3, 4), (3, 4)]),
    ("sequence_loss", [(3, 1), (3, 4), (3, 4)]),
    ("sequence_loss", [(3, 4), (3, 4), (1, 4)]),
    ("sequence_loss", [(3, 4, 1), (3, 4), (3, 1)]),
    ("sequence_loss", [(4, 3, 1), (3, 4), (3, 4)]),
    ("sequence_loss", [(3, 4), (4, 3), (3, 4)]),
    ("sequence_loss", [(3, 4), (3, 4), (4, 3)]),
    ("sequence_loss", [(3, 4, 1), (1, 4), (3, 4)]),
    ("mse_loss", [(5,), (4,), (5,)]),
    ("mse_loss", [(5, 2), (5,)]),
    ("mse_loss", [(5,), (5,), (5, 3)]),
    ("r2_score", [(5, 2), (5,)]),
    ("binary_accuracy", [(5, 2), (5,)]),
    ("sequence_loss", [(3, 4, 2), (3, 4), (3, 4)]),
]


def test_what_only_broadcasts_is_refused(submission, device):
    """sizes that fit only by broadcasting raise an error"""
    for function, shapes in REFUSED:
        arguments = [torch.rand(shape, device=device) for shape in shapes]
        if function == "sequence_loss":
            arguments[2] = arguments[2] >= 0
        tried(f"{function} on tensors of the shapes {', '.join(map(str, shapes))}")
        try:
            getattr(submission, function)(*arguments)
        except Exception:
            continue
        fail(
            f"{function} with the shapes {', '.join(map(str, shapes))} should raise, and returns a value",
            hint="compare the shapes before the arithmetic; of an axis of another size than 1, drop nothing",
        )


def test_gradients_are_right(submission, device):
    """the losses pass the right gradients, and change no argument"""
    pred = torch.randn(5, 1, device=device, dtype=torch.float64, requires_grad=True)
    target = torch.randn(5, device=device, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(5, device=device, dtype=torch.float64).add(0.5).requires_grad_()
    inputs = {"pred": pred, "target": target, "weight": weight}
    tried("a backward pass through mse_loss(pred, target, weight)", **inputs)
    expected = (weight * (pred[:, 0] - target) ** 2).sum() / weight.sum()
    with unchanged(**inputs):
        loss = call(submission.mse_loss, pred, target, weight)
    assert_close(loss, expected, what="the loss")
    assert_same_gradients(loss, expected, inputs)
    tried("a backward pass through mse_loss(pred, target)", pred=pred, target=target)
    plain = ((pred[:, 0] - target) ** 2).mean()
    assert_same_gradients(
        call(submission.mse_loss, pred, target), plain, {"pred": pred, "target": target}
    )
    pred = torch.randn(2, 3, 1, device=device, dtype=torch.float64, requires_grad=True)
    target = torch.randn(2, 3, device=device, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True, True, False], [True, False, False]], device=device)
    tried("a backward pass through sequence_loss(pred, target, mask)", pred=pred, target=target)
    with unchanged(pred=pred, target=target, mask=mask):
        loss = call(submission.sequence_loss, pred, target, mask)
    expected = (pred[..., 0] - target)[mask].square().mean()
    assert_close(loss, expected, what="the loss")
    assert_same_gradients(loss, expected, {"pred": pred, "target": target})
