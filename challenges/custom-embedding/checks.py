"""Hidden checks for custom-embedding. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch.nn import functional as F

from drill.checking import assert_close, assert_shape, fail, tried, unchanged

# "default": the argument is left out
padded = pytest.mark.parametrize("padding_idx", ["default", None, 2, 0, 4, -1, -4])


def build(submission, padding_idx):
    """A layer of 5 rows, what was called, and the row that is special."""
    if padding_idx == "default":
        return submission.Embedding(5, 3), "Embedding(5, 3)", None
    call = f"Embedding(5, 3, padding_idx={padding_idx})"
    special = None if padding_idx is None else padding_idx % 5
    return submission.Embedding(5, 3, padding_idx=padding_idx), call, special


def table(layer, device, dtype=torch.float32):
    """Fill every row, the padding row too, so that nothing is zero by chance."""
    layer = layer.to(device, dtype)
    with torch.no_grad():
        layer.weight.copy_(torch.rand(layer.weight.shape) + 1)
    return layer


def test_weight_is_a_parameter(submission):
    """weight is the only parameter, of shape (num_embeddings, embedding_dim)"""
    tried("Embedding(5, 3).named_parameters()")
    layer = submission.Embedding(5, 3)
    registered = dict(layer.named_parameters())
    if "weight" not in registered:
        plain = (
            "a plain tensor is not registered; wrap it in nn.Parameter"
            if hasattr(layer, "weight")
            else ""
        )
        fail("self.weight is not in parameters(), so no optimizer would train it", mistake=plain)
    assert set(registered) == {"weight"}, (
        f"the only parameter should be weight, got {sorted(registered)}"
    )
    assert_shape(
        layer.weight,
        (5, 3),
        what="weight",
        hint="(num_embeddings, embedding_dim): one row for each index",
    )
    assert layer.weight.dtype == torch.float32, (
        f"the weight should start as float32, got {layer.weight.dtype}"
    )
    keys = list(layer.state_dict())
    assert keys == ["weight"], (
        f"the state_dict should hold weight alone, as nn.Embedding's does, got {keys}"
    )


def test_weight_starts_normal(submission):
    """the weight starts from N(0, 1), except for the padding row"""
    tried("Embedding(200, 50) twice")
    weight = submission.Embedding(200, 50).weight.detach()
    other = submission.Embedding(200, 50).weight.detach()
    if not torch.isfinite(weight).all():
        fail(
            "the weight holds values that are not finite",
            mistake="torch.empty gives memory that was never initialised",
        )
    assert not torch.equal(weight, other), (
        "two layers start with the same weight; is torch.manual_seed called in the constructor?"
    )
    mean, std = weight.mean().item(), weight.std().item()
    # 10000 values: the mean is known to 0.01, the deviation to 0.007.
    assert abs(mean) < 0.08, f"the values of N(0, 1) have the mean 0, here it is {mean:.2f}"
    assert abs(std - 1) < 0.06, (
        f"the values of N(0, 1) have the standard deviation 1, here it is {std:.2f}"
    )
    # Drawn once and repeated, or drawn for each element?
    for dim, line in ((0, "column"), (1, "row")):
        spread = weight.std(dim).mean().item()
        assert spread > 0.9, (
            f"within a {line} the values hardly differ (a standard deviation of {spread:.2f}); draw each one"
        )
    lengths = weight.norm(dim=1)  # of 50 values: about 7, and 0.7 more or less
    assert lengths.std().item() > 0.3, "every row has the same length; draw each value on its own"
    # A uniform or sign-like start can have that mean and deviation as well; few values of N(0, 1) are beyond 2.
    beyond = (weight.abs() > 2).float().mean().item()
    assert 0.03 < beyond < 0.065, (
        f"4.6% of the values of N(0, 1) are beyond 2, here it is {beyond:.1%}"
    )


@padded
def test_padding_row_starts_at_zero(submission, padding_idx):
    """the padding row, and no other, starts at zero"""
    layer, call, special = build(submission, padding_idx)
    tried(call)
    weight = layer.weight.detach()
    zero_rows = [row for row in range(5) if bool((weight[row] == 0).all())]
    expected = [] if special is None else [special]
    if zero_rows != expected:
        falsy = padding_idx == 0 and not zero_rows
        default = "without padding_idx no row is special" if padding_idx == "default" else ""
        fail(
            f"the rows of zeros should be {expected}, got {zero_rows}",
            mistake="`if padding_idx:` is false for 0; write `if padding_idx is not None:`"
            if falsy
            else default,
        )
    zeros = int((weight == 0).sum())
    assert zeros == 3 * len(expected), (
        f"{zeros} values are zero, expected those of the padding row alone: {3 * len(expected)}"
    )


@pytest.mark.parametrize(
    "shape",
    [(7,), (), (2, 3), (1, 1), (2, 3, 4)],
    ids=["1-D", "0-D", "2-D", "batch of 1", "3-D, transposed"],
)
@pytest.mark.parametrize("padding_idx", [None, 2])
def test_rows_are_looked_up(submission, device, shape, padding_idx):
    """the output holds the row of each index, for indices of any shape"""
    layer = table(submission.Embedding(5, 3, padding_idx=padding_idx), device)
    indices = torch.randint(5, shape, device=device)
    if shape == (2, 3, 4):
        indices = indices.transpose(0, 2)  # not contiguous
    if shape == (7,):
        indices = torch.tensor([4, 2, 2, 0, 1, 3, 4], device=device)
    before = layer.weight.detach().clone()
    with torch.no_grad():
        layer.weight.mul_(2)
    rows = F.embedding(indices, layer.weight.detach().clone())
    given = indices.clone()  # keeps the strides
    tried(
        f"Embedding(5, 3, padding_idx={padding_idx})(indices), every row of the table filled",
        indices=indices,
    )
    at_padding = (indices == 2).unsqueeze(-1)
    mistakes = {
        "the output is set to zero at padding_idx; give the row as it is (it starts at zero, and a checkpoint may say otherwise)": torch.where(
            at_padding, 0.0, rows
        ),
        "the output is scaled by the root of embedding_dim; that is the transformer's business, not the table's": rows
        * 3**0.5,
        "the rows are those of an earlier weight; look them up in self.weight at each call": F.embedding(
            indices, before
        ),
        "each row is normalised": F.normalize(rows, dim=-1),
    }
    assert_close(layer(given), rows, mistakes=mistakes)
    assert_close(layer.eval()(indices.clone()), rows, what="the result in eval mode", mistakes=mistakes)


def test_float64_stays_float64(submission, device):
    """a float64 layer gives float64"""
    layer = table(submission.Embedding(5, 3, padding_idx=1), device, torch.float64)
    with torch.no_grad():
        layer.weight.div_(3)
    indices = torch.tensor([4, 1, 0, 2], device=device)
    expected = layer.weight.detach()[indices]
    tried("Embedding(5, 3, padding_idx=1).double()(indices)", indices=indices)
    try:
        y = layer(indices.clone())
    except RuntimeError as error:
        fail(
            f"a float64 layer raises: {error}",
            hint="F.one_hot gives integers: .to(self.weight.dtype), not .float()",
        )
    assert_close(y, expected, rtol=0, atol=0)  # nothing is computed, so nothing is rounded


def test_indices_are_left_alone(submission, device):
    """the caller's indices are not changed"""
    layer = table(submission.Embedding(5, 3, padding_idx=-1), device)
    indices = torch.tensor([[4, 1, 0], [4, 2, 2]], device=device)
    tried("Embedding(5, 3, padding_idx=-1)(indices)", indices=indices)
    with unchanged(indices=indices, weight=layer.weight):
        layer(indices)


@padded
def test_gradients_add_up(submission, device, padding_idx):
    """a row gets the sum of its gradients, the padding row none"""
    layer, call, special = build(submission, padding_idx)
    layer = table(layer, device, torch.float64)
    indices = torch.tensor([[4, 2, 2], [0, 1, 4], [4, 1, 0]], device=device)  # row 3 is never used
    cotangent = torch.rand(3, 3, 3, device=device, dtype=torch.float64) + 1
    full, last = torch.zeros(5, 3).to(cotangent), torch.zeros(5, 3).to(cotangent)
    for index, row in zip(indices.flatten().tolist(), cotangent.reshape(-1, 3), strict=True):
        full[index] += row
        last[index] = row
    counts = indices.flatten().bincount(minlength=5).clamp(min=1).unsqueeze(-1)
    expected, mean = full.clone(), full / counts
    if special is not None:
        for gradient in (expected, last, mean):
            gradient[special] = 0
    row_0 = full.clone()
    row_0[0] = 0
    tried(f"a backward pass through {call}", indices=indices)
    for training in (True, False):  # a table is fine-tuned in either mode
        layer.weight.grad = None
        y = layer.train(training)(indices.clone())
        assert y.requires_grad, (
            "the output is cut off from the graph: look for .detach(), .data or no_grad"
        )
        y.backward(cotangent)  # as training does: a hook may run after the accumulation only
        grad = layer.weight.grad
        if grad is None:
            fail("no gradient reaches weight")
        assert_close(
            grad.to_dense(),
            expected,
            what="the gradient of weight" if training else "the gradient of weight in eval mode",
            mistakes={
                "the padding row gets a gradient": full,
                "of the gradients of a row that is used twice only the last one counts; add them up": last,
                "the gradients of a row are averaged; add them up": mean,
                "row 0 gets no gradient, whatever padding_idx is": row_0,
            },
        )
