"""Hidden checks for custom-batchnorm. A check's docstring is the line the learner sees."""

import pytest
import torch
from torch import nn

from drill.checking import assert_close, assert_same_gradients, fail, tried, unchanged

SHAPES = {
    "(N, C)": (6, 3),
    "(N, C, L)": (4, 5, 3),
    "L = C": (4, 3, 3),
    "(N, C, H, W)": (4, 3, 5, 2),
    "5-D": (3, 4, 2, 5, 2),
    "batch of 1": (1, 2, 5, 3),
}
shapes = pytest.mark.parametrize("shape", list(SHAPES.values()), ids=list(SHAPES))


def wide(*shape, device, dtype=torch.float32):
    """A spread and a mean of its own in each channel, so wide that the default eps plays no part."""
    x = 40 * torch.randn(shape, device=device, dtype=dtype)
    for channel in range(shape[1]):
        x[:, channel] = x[:, channel] * (channel + 1) + 50 * channel - 30
    return x


def randomised(layer, device):
    """Affine weights that are not one and zero, running statistics that are not zero and one."""
    layer = layer.to(device)
    with torch.no_grad():
        layer.weight.uniform_(1.5, 2.5)
        layer.bias.uniform_(-2, -1)
        layer.running_mean.uniform_(2, 3)
        layer.running_var.uniform_(400, 600)
    return layer


def oracle(layer, shape, **options):
    """torch's own layer with the same state."""
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)]
    twin = kind(layer.weight.numel(), **options).to(layer.weight)
    twin.load_state_dict(
        {name: value.detach().clone() for name, value in layer.state_dict().items()}
    )
    return twin


def over_channels(shape):
    return [d for d in range(len(shape)) if d != 1]


def by_hand(x, mean, var, layer, eps=1e-5):
    """y from statistics of any broadcastable shape; those of shape (C,) belong to the channels."""
    column = (1, -1) + (1,) * (x.ndim - 2)
    mean, var = (s.view(column) if s.ndim == 1 else s for s in (mean, var))
    y = (x - mean) / torch.sqrt(var + eps) * layer.weight.view(column) + layer.bias.view(column)
    return y.detach()


def test_state_matches_nn_batch_norm(submission):
    """parameters and buffers are those of nn.BatchNorm"""
    tried("BatchNorm(3).state_dict()")
    layer, other = submission.BatchNorm(3), submission.BatchNorm(3)
    parameters, buffers = dict(layer.named_parameters()), dict(layer.named_buffers())
    for name in ("weight", "bias"):
        if name not in parameters:
            plain = (
                "a plain tensor is not registered; wrap it in nn.Parameter"
                if hasattr(layer, name)
                else ""
            )
            fail(
                f"self.{name} is not in parameters(), so no optimizer would train it", mistake=plain
            )
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        if name in parameters:
            fail(
                f"self.{name} is a parameter, so an optimizer would change it",
                mistake="running statistics are measured, not trained: register_buffer",
            )
        if name not in buffers:
            plain = (
                "a plain tensor is neither saved nor moved by .to(); use register_buffer"
                if hasattr(layer, name)
                else ""
            )
            fail(
                f"self.{name} is not in buffers()",
                mistake=plain,
                hint=f'self.register_buffer("{name}", ...)',
            )
    expected = nn.BatchNorm1d(3).state_dict()
    state = {name: value.detach().clone() for name, value in layer.state_dict().items()}
    assert_close(state, dict(expected), what="the state_dict of a new layer")
    layer.running_mean.add_(1)
    if not torch.equal(other.running_mean, torch.zeros(3)):
        fail(
            "two layers share their running statistics",
            mistake="the buffers belong in __init__, not in the class",
        )


@shapes
def test_training_uses_the_batch(submission, device, shape):
    """training mode normalises with the batch's own statistics"""
    layer = randomised(submission.BatchNorm(shape[1]), device)
    x = wide(*shape, device=device)
    expected = oracle(layer, shape)(x).detach()
    dims = over_channels(shape)
    var, mean = torch.var_mean(x, dims, correction=0)
    moved_mean, moved_var = (
        layer.running_mean.lerp(mean, 0.1),
        layer.running_var.lerp(x.var(dims), 0.1),
    )
    mistakes = {
        "the variance is divided by n - 1; the batch is normalised with the biased one": by_hand(
            x, mean, x.var(dims), layer
        ),
        "training uses the running statistics; those are for evaluation": by_hand(
            x, layer.running_mean, layer.running_var, layer
        ),
        "training uses the running statistics, just moved; those are for evaluation": by_hand(
            x, moved_mean, moved_var, layer
        ),
        "the statistics are taken over each sample (LayerNorm); BatchNorm takes them over the batch": by_hand(
            x, *statistics(x, tuple(range(1, x.ndim))), layer
        ),
        "each position has its own mean over the batch; take the dimensions after the channel too": by_hand(
            x, *statistics(x, 0), layer
        ),
        "the last dimension is taken for the channels; they are dimension 1": lambda: by_hand(
            x.movedim(-1, 1), *statistics(x.movedim(-1, 1), over_channels(shape)), layer
        ).movedim(1, -1),
        "each image has its own mean (InstanceNorm); take the batch dimension too": by_hand(
            x, *statistics(x, tuple(range(2, x.ndim)) or 1), layer
        ),
        "one mean and variance serve all channels; each channel has its own": by_hand(
            x, *statistics(x, tuple(range(x.ndim))), layer
        ),
        "neither weight nor bias is applied": by_hand(
            x, mean, var, nn.BatchNorm1d(shape[1]).to(device)
        ),
    }
    tried(f"BatchNorm({shape[1]})(x), training mode", x=x)
    assert_close(
        layer(x.clone()),
        expected,
        mistakes=mistakes,
        hint="mean and biased variance over every dimension but 1",
    )


def statistics(x, dims):
    var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return mean, var


def other_momentum(old, batch, momentum):
    """What a momentum of another default gives, or one that the caller cannot change."""
    if momentum == 0:
        return {
            "a momentum of 0 is taken for none given; it keeps the old value": old.lerp(batch, 0.1)
        }
    if momentum is not None:
        return {"momentum is 0.1 here, whatever the caller gives": old.lerp(batch, 0.1)}
    return {
        f"the default of momentum is {other}; it should be 0.1": old.lerp(batch, other)
        for other in (0.01, 0.99)
    }


@shapes
@pytest.mark.parametrize(
    "momentum", [None, 0.3, 0.0], ids=["default", "momentum=0.3", "momentum=0"]
)
def test_running_statistics(submission, device, shape, momentum):
    """training moves the running statistics by momentum, with the unbiased variance"""
    options = {} if momentum is None else {"momentum": momentum}
    m = 0.1 if momentum is None else momentum
    layer = randomised(submission.BatchNorm(shape[1], **options), device)
    twin = oracle(layer, shape, **options)
    dims = over_channels(shape)
    for call in ("first", "second"):
        x = wide(*shape, device=device)
        mean, biased, unbiased = x.mean(dims), x.var(dims, correction=0), x.var(dims)
        old_mean, old_var = twin.running_mean.clone(), twin.running_var.clone()
        twin(x)
        tried(
            f"the {call} call of BatchNorm({shape[1]}{'' if momentum is None else f', momentum={m}'}), training mode",
            x=x,
        )
        layer(x.clone())
        assert_close(
            layer.running_mean,
            twin.running_mean,
            what="running_mean",
            mistakes={
                "training does not move it": old_mean,
                "momentum is on the wrong side: torch weighs the new value with it": m * old_mean
                + (1 - m) * mean,
                "it is replaced by the batch's mean": mean,
                **other_momentum(old_mean, mean, momentum),
                "the old value is not weighed with 1 - momentum": old_mean + m * mean,
            },
        )
        assert_close(
            layer.running_var,
            twin.running_var,
            what="running_var",
            mistakes={
                "training does not move it": old_var,
                "it takes the biased variance; the running one is divided by n - 1": (1 - m)
                * old_var
                + m * biased,
                "momentum is on the wrong side: torch weighs the new value with it": m * old_var
                + (1 - m) * unbiased,
                "it averages the standard deviation": (1 - m) * old_var + m * unbiased.sqrt(),
                "it is replaced by the batch's variance": unbiased,
                "n is the batch size here; it should count all values of a channel": (1 - m)
                * old_var
                + m * biased * shape[0] / max(shape[0] - 1, 1),
                "the old value is not weighed with 1 - momentum": old_var + m * unbiased,
                "the variance is multiplied by (n - 1) / n; it should be n / (n - 1)": (1 - m)
                * old_var
                + m * biased**2 / unbiased,
            },
        )
        assert_close(
            layer.num_batches_tracked,
            twin.num_batches_tracked,
            what="num_batches_tracked",
            hint="+= 1 for each call in training",
        )


def test_evaluation_uses_running_statistics(submission, device):
    """evaluation normalises with the running statistics and changes none"""
    shape = (4, 3, 5, 2)
    layer = randomised(submission.BatchNorm(3), device)
    x = wide(*shape, device=device)
    twin = oracle(layer, shape)
    whole = nn.Sequential(layer)
    var, mean = torch.var_mean(x, over_channels(shape), correction=0)
    tried("BatchNorm(3).eval()(x)", x=x)
    whole.eval()
    twin.eval()
    before = {name: buffer.detach().clone() for name, buffer in layer.named_buffers()}
    mistakes = {
        "evaluation still uses the batch's statistics; use the running ones": by_hand(
            x, mean, var, layer
        ),
        "the running variance is taken for a standard deviation": by_hand(
            x, layer.running_mean, layer.running_var**2, layer, 0
        ),
    }
    assert_close(
        layer(x.clone()), twin(x).detach(), mistakes=mistakes, hint="look at self.training"
    )
    after = dict(layer.named_buffers())
    for name, buffer in before.items():
        if not torch.equal(after[name], buffer):
            fail(f"evaluation changes {name}", mistake="only training moves the running statistics")
    one = x[:1, :, 0, 0]
    tried("BatchNorm(3).eval()(x), a batch of one", x=one)
    assert_close(layer(one.clone()), by_hand(one, layer.running_mean, layer.running_var, layer))
    tried("BatchNorm(3), eval(), then train() and a call", x=x)
    whole.train()
    twin.train()
    assert_close(
        layer(x.clone()),
        twin(x).detach(),
        hint="read self.training at each call; train() and eval() set it",
    )


@pytest.mark.parametrize("eps", [None, 0.05], ids=["default", "0.05"])
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_eps_is_under_the_root(submission, device, eps, mode):
    """eps is added under the root, at its default and at another value"""
    options = {} if eps is None else {"eps": eps}
    used = 1e-5 if eps is None else eps
    layer = randomised(submission.BatchNorm(3, **options), device)
    layer.running_var.fill_(1e-5)
    x = 0.003 * torch.randn(6, 3, device=device)
    x[:, 1] = 0.5  # no variance at all: only eps keeps this channel finite
    twin = oracle(layer, x.shape, **options)
    getattr(layer, mode)()
    getattr(twin, mode)()
    var, mean = torch.var_mean(x, 0, correction=0)
    if mode == "eval":
        mean, var = layer.running_mean.clone(), layer.running_var.clone()
    expected = twin(x).detach()
    outside = var + 2 * used * var.sqrt()  # (sqrt(var) + eps) ** 2 is this, plus eps ** 2
    tried(f"BatchNorm(3{'' if eps is None else f', eps={eps}'})(x), {mode} mode", x=x)
    assert_close(
        layer(x.clone()),
        expected,
        mistakes={
            "eps is outside the root: sqrt(var) + eps": by_hand(x, mean, outside, layer, used**2),
            "eps is never added": by_hand(x, mean, var, layer, 0),
            "eps is 1e-5 here, whatever the caller gives": by_hand(x, mean, var, layer, 1e-5),
            "the default of eps should be 1e-5": by_hand(x, mean, var, layer, 1e-6),
        },
        hint="torch.sqrt(var + eps)",
        # Small variances make large outputs; a difference of eps must not hide behind the tolerance.
        rtol=1e-4,
        atol=1e-6,
    )
    assert_close(
        layer.running_var,
        twin.running_var,
        what="running_var",
        hint="eps is only for the root; running_var averages the variance itself",
        rtol=1e-4,
        atol=1e-9,
    )


def test_training_without_grad(submission, device):
    """under torch.no_grad() training mode is still training mode"""
    layer = randomised(submission.BatchNorm(3), device)
    x = wide(4, 3, 5, 2, device=device)
    twin = oracle(layer, x.shape)
    before = layer.running_mean.clone()
    evaluated = by_hand(x, layer.running_mean, layer.running_var, layer)
    tried("with torch.no_grad(): BatchNorm(3)(x), training mode", x=x)
    with torch.no_grad():
        expected = twin(x)
        y = layer(x.clone())
    hint = "only self.training decides"
    assert_close(y, expected, mistakes={"no_grad is taken for evaluation": evaluated}, hint=hint)
    moved = {"the running statistics do not move under no_grad": before}
    assert_close(
        layer.running_mean, twin.running_mean, what="running_mean", mistakes=moved, hint=hint
    )
    for name in ("running_var", "num_batches_tracked"):
        assert_close(getattr(layer, name), getattr(twin, name), what=name, hint=hint)


def test_running_statistics_carry_no_graph(submission, device):
    """the running statistics stay out of the graph"""
    layer = randomised(submission.BatchNorm(3), device)
    tried("two training steps with a backward pass each")
    for step in ("first", "second"):
        x = wide(6, 3, device=device).requires_grad_()
        y = layer(x)
        for name, buffer in layer.named_buffers():
            if buffer.requires_grad:
                fail(
                    f"after the {step} call {name} requires grad",
                    mistake="the graph of every batch is kept alive through it; update it under no_grad, or from detached values",
                )
        y.square().sum().backward()
    missing = {"running_mean", "running_var", "num_batches_tracked"} - set(
        dict(layer.named_buffers())
    )
    assert not missing, f"after training, {sorted(missing)} are no buffers any more"


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_input_is_left_alone(submission, device, mode):
    """the caller's input is not changed"""
    layer = randomised(submission.BatchNorm(3), device)
    getattr(layer, mode)()
    x = wide(4, 3, 5, 2, device=device)
    tried(f"BatchNorm(3)(x), {mode} mode", x=x)
    with unchanged(x=x), torch.no_grad():
        layer(x)


def test_float64_and_layout(submission, device):
    """float64 stays float64, and an input that is not contiguous works"""
    layer = randomised(submission.BatchNorm(3).double(), device)
    x = wide(4, 3, 5, 2, device=device, dtype=torch.float64).transpose(2, 3)
    twin = oracle(layer, x.shape)
    expected = twin(x).detach()
    tried("BatchNorm(3).double()(x)", x=x)
    try:
        y = layer(x.detach())
    except RuntimeError as error:
        fail(
            f"raises RuntimeError: {error}",
            hint="nothing should be cast to float32, and reshape copies where view cannot",
        )
    # ten digits of float64's sixteen; float32 has seven
    cast = "nothing should be cast to float32"
    assert_close(y, expected, hint=cast, rtol=1e-10, atol=1e-10)
    assert_close(
        layer.running_var, twin.running_var, what="running_var", hint=cast, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_gradients_match_autograd(submission, device, mode):
    """x, weight and bias receive the right gradients"""
    shape = (4, 3, 5, 2)
    layer = randomised(submission.BatchNorm(3), device).double()
    twin = oracle(layer, shape)
    getattr(layer, mode)()
    getattr(twin, mode)()
    x = wide(*shape, device=device, dtype=torch.float64).requires_grad_()
    cotangent = torch.randn_like(x)
    column = (1, 3, 1, 1)
    var, mean = torch.var_mean(x, over_channels(shape), correction=0)

    def gradient_with(mean, var):
        y = (x - mean.view(column)) / torch.sqrt(var + 1e-5).view(column) * twin.weight.view(column)
        return torch.autograd.grad(y, x, cotangent, retain_graph=True)[0]

    constants = {
        "mean and variance are treated as constants; x reaches the output through them too": gradient_with(
            mean.detach(), var.detach()
        ),
        "the mean is treated as a constant; x reaches the output through it too": gradient_with(
            mean.detach(), var
        ),
        "the variance is treated as a constant; x reaches the output through it too": gradient_with(
            mean, var.detach()
        ),
    }
    expected = twin(x)
    tried(f"a backward pass through BatchNorm(3), {mode} mode", x=x)
    assert_same_gradients(
        layer(x),
        expected,
        {"weight": layer.weight, "bias": layer.bias, "x": x},
        expected_inputs={"weight": twin.weight, "bias": twin.bias, "x": x},
        cotangent=cotangent,
        mistakes={"x": constants if mode == "train" else {}},
    )


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_one_value_per_channel_raises(submission, device, shape):
    """training on one value per channel raises ValueError"""
    layer = submission.BatchNorm(3).to(device)
    x = torch.randn(shape, device=device)
    tried("BatchNorm(3)(x), training mode", x=x)
    layer = randomised(layer, device)
    before = {name: getattr(layer, name).clone() for name in ("running_mean", "running_var")}
    try:
        layer(x)
    except ValueError:
        for name, value in before.items():
            if not torch.equal(getattr(layer, name), value):
                fail(
                    f"ValueError is raised, but {name} has changed by then",
                    hint="look at the input's size before anything is updated",
                )
        return
    except Exception as error:
        fail(f"raises {type(error).__name__}, it should be ValueError")
    state = "running_var is NaN now" if layer.running_var.isnan().any() else "no error is raised"
    fail(
        f"{state}; it should be ValueError",
        hint="n / (n - 1) has no value at n = 1: raise ValueError there",
    )
