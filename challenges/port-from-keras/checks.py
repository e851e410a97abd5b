"""Hidden checks for port-from-keras. A check's docstring is the line the learner sees."""

import numpy as np
import pytest
import torch

from drill.checking import assert_close, fail, tried

# (height, width, channels), first kernel, f1, second kernel, f2, units
UNEVEN = ((10, 7, 3), (3, 3), 5, (2, 4), 4, 6)
WIDE = ((7, 14, 2), (4, 3), 3, (3, 3), 5, 4)
POINT = ((9, 8, 3), (1, 1), 4, (3, 1), 6, 5)  # a kernel smaller than the stride
TRAINED = (
    "conv1/kernel",
    "conv1/bias",
    "bn/gamma",
    "bn/beta",
    "conv2/kernel",
    "conv2/bias",
    "dense/kernel",
    "dense/bias",
)


def arrays(case, seed):
    """Weights of a model as Keras would store them; nothing is 0 or 1 that could hide."""
    (h, w, c), k1, f1, k2, f2, units = case
    rng = np.random.default_rng(seed)

    def normal(*shape, scale=1.0):
        return (scale * rng.standard_normal(shape)).astype(np.float32)

    features = (-(-h // 2) // 2) * (-(-w // 2) // 2) * f2
    return {
        "conv1/kernel": normal(*k1, c, f1, scale=0.3),
        "conv1/bias": normal(f1),
        "bn/gamma": normal(f1) + 1.5,
        "bn/beta": normal(f1),
        "bn/moving_mean": normal(f1),
        "bn/moving_variance": rng.uniform(0.02, 0.4, f1).astype(np.float32),
        "conv2/kernel": normal(*k2, f1, f2, scale=0.3),
        "conv2/bias": normal(f2),
        "dense/kernel": normal(features, units, scale=0.3),
        "dense/bias": normal(units),
    }


def halves(n, k, stride, how):
    total = max((-(-n // stride) - 1) * stride + k - n, 0)
    if how == "both sides":
        return k // 2, k // 2
    return (
        (total - total // 2, total // 2)
        if how == "larger first"
        else (total // 2, total - total // 2)
    )


def conv(x, kernel, bias, stride, how="keras"):
    """Keras's Conv2D with padding="same" on (N, H, W, C), one kernel position after the other."""
    _, h, w, _ = x.shape
    kh, kw = kernel.shape[:2]
    rows, columns = halves(h, kh, stride, how), halves(w, kw, stride, how)
    if how == "exchanged":
        rows, columns = columns, rows
    x = np.pad(x, ((0, 0), rows, columns, (0, 0)))
    oh, ow = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    y = 0.0
    for i in range(kh):
        for j in range(kw):
            window = x[
                :, i : i + (oh - 1) * stride + 1 : stride, j : j + (ow - 1) * stride + 1 : stride
            ]
            y = y + window @ kernel[i, j]
    return y + bias


def keras(
    weights, x, *, training=False, pad1="keras", pad2="keras", eps=1e-3, relu1=True, relu2=True, relu_first=False,
    pool="max", order="keras", softmax=False, stats=True, deviation=False, **changed,
):  # fmt: skip
    """What the Keras model computes from (N, C, H, W), in float64; the arguments put in one wrong idea each."""
    p = {
        name: np.asarray(value, dtype=np.float64) for name, value in {**weights, **changed}.items()
    }
    x = x.detach().cpu().numpy().astype(np.float64).transpose(0, 2, 3, 1)
    x = conv(x, p["conv1/kernel"], p["conv1/bias"], 2, pad1)
    if relu_first:
        x = np.maximum(x, 0)
    mean, variance = p["bn/moving_mean"], p["bn/moving_variance"]
    if training:
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    elif not stats:
        mean, variance = np.zeros_like(mean), np.ones_like(variance)
    scale = variance + eps if deviation else np.sqrt(variance + eps)
    x = (x - mean) / scale * p["bn/gamma"] + p["bn/beta"]
    if relu1 and not relu_first:
        x = np.maximum(x, 0)
    x = conv(x, p["conv2/kernel"], p["conv2/bias"], 1, pad2)
    if relu2:
        x = np.maximum(x, 0)
    n, h, w, c = x.shape
    x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)
    x = x.max((2, 4)) if pool == "max" else x.mean((2, 4))
    x = x.reshape(n, -1) if order == "keras" else x.transpose(0, 3, 1, 2).reshape(n, -1)
    x = x @ p["dense/kernel"] + p["dense/bias"]
    if softmax:
        x = np.exp(x - x.max(1, keepdims=True))
        x = x / x.sum(1, keepdims=True)
    return torch.from_numpy(np.ascontiguousarray(x))


def reshaped(kernel):
    """A kernel brought to (out, in, kh, kw) by a reshape, read back in Keras's layout."""
    kh, kw, cin, cout = kernel.shape
    return kernel.reshape(cout, cin, kh, kw).transpose(2, 3, 1, 0)


def ideas(weights, x):
    """What known wrong ideas give."""
    w = weights
    k1, k2 = w["conv1/kernel"], w["conv2/kernel"]
    first, both = (
        {"conv1/kernel": reshaped(k1)},
        {"conv1/kernel": reshaped(k1), "conv2/kernel": reshaped(k2)},
    )
    zero = {name: np.zeros_like(w[name]) for name in ("conv1/bias", "conv2/bias", "dense/bias")}
    dense = w["dense/kernel"]
    wrong = {
        "conv1 gets the same padding on both sides; Keras pads unevenly where the total is odd": {
            "pad1": "both sides"
        },
        "the larger half of the padding is put before; Keras puts it after": {
            "pad1": "larger first",
            "pad2": "larger first",
        },
        "the larger half of conv1's padding is put before; Keras puts it after": {
            "pad1": "larger first"
        },
        "the larger half of conv2's padding is put before; Keras puts it after": {
            "pad2": "larger first"
        },
        "the paddings of height and width are exchanged: F.pad starts with the last dimension": {
            "pad1": "exchanged"
        },
        "the kernels are reshaped; permute them from (kh, kw, in, out) to (out, in, kh, kw)": both,
        "conv1's kernel is reshaped; permute it from (kh, kw, in, out) to (out, in, kh, kw)": first,
        "conv2's kernel is reshaped; permute it from (kh, kw, in, out) to (out, in, kh, kw)": {
            "conv2/kernel": reshaped(k2)
        },
        "the kernels are flipped; neither framework flips them": {
            "conv1/kernel": k1[::-1, ::-1],
            "conv2/kernel": k2[::-1, ::-1],
        },
        "the dense kernel is reshaped; transpose it": {
            "dense/kernel": dense.reshape(dense.shape[::-1]).T
        },
        "Flatten runs over (C, H, W); in Keras it runs over (H, W, C)": {"order": "torch"},
        "epsilon is torch's default of 1e-5; in this model it is 1e-3": {"eps": 1e-5},
        "epsilon is left out; in this model it is 1e-3": {"eps": 0.0},
        "moving_mean and moving_variance are not loaded": {"stats": False},
        "batch norm uses the batch in eval mode": {"training": True},
        "gamma and beta are exchanged": {"bn/gamma": w["bn/beta"], "bn/beta": w["bn/gamma"]},
        "the variance is used as a standard deviation": {"deviation": True},
        "the square root of the variance is loaded as the variance": {
            "bn/moving_variance": np.sqrt(w["bn/moving_variance"])
        },
        "there is no ReLU after the batch norm": {"relu1": False},
        "there is no ReLU after conv2": {"relu2": False},
        "the ReLU comes before the batch norm; it comes after it": {"relu_first": True},
        "a softmax is added; the dense layer has no activation": {"softmax": True},
        "the pool takes the average; it takes the maximum": {"pool": "average"},
        "bn/gamma is not loaded": {"bn/gamma": np.ones_like(w["bn/gamma"])},
        "bn/beta is not loaded": {"bn/beta": np.zeros_like(w["bn/beta"])},
        "conv1/bias is not loaded": {"conv1/bias": zero["conv1/bias"]},
        "conv2/bias is not loaded": {"conv2/bias": zero["conv2/bias"]},
        "dense/bias is not loaded": {"dense/bias": zero["dense/bias"]},
    }
    if k1.shape[0] == k1.shape[1]:
        wrong["conv1's kernel has height and width exchanged"] = {
            "conv1/kernel": k1.transpose(1, 0, 2, 3)
        }
    found = {}
    for idea, change in wrong.items():
        try:
            found[idea] = keras(weights, x, **change)
        except ValueError:  # this idea does not run at these sizes
            continue
    return found


def build(submission, case, seed, device):
    weights = arrays(case, seed)
    tried(
        f"port(weights, input_shape={case[0]})",
        **{name: value.shape for name, value in weights.items() if "kernel" in name},
    )
    model = submission.port({name: value.copy() for name, value in weights.items()}, case[0])
    if not isinstance(model, torch.nn.Module):
        fail(f"port should return an nn.Module, got a {type(model).__name__}")
    for tensor in (*model.parameters(), *model.buffers()):
        assert not tensor.is_floating_point() or tensor.dtype == torch.float32, (
            f"the module should start in float32, and has a tensor of {tensor.dtype}"
        )
    return weights, model.to(device)


def images(case, n, device):
    h, w, c = case[0]
    return torch.randn(n, c, h, w, device=device)


def forward(model, x, what, hint=""):
    tried(what, x=x)
    try:
        return model(x)
    except (RuntimeError, ValueError, IndexError) as error:
        fail(
            f"an input of shape {tuple(x.shape)} raises {type(error).__name__}: {error}",
            hint=hint
            or "the input is (N, channels, height, width), and F.pad takes (left, right, top, bottom); conv1 gives ceil(n / 2) "
            "along an axis of n, conv2 keeps that, and the pool halves it, rounded down",
        )


def compare(actual, expected, wrong, what="the output"):
    device = actual.device if isinstance(actual, torch.Tensor) else "cpu"
    assert_close(
        actual,
        expected.float().to(device),
        mistakes={idea: value.float().to(device) for idea, value in wrong.items()},
        rtol=1e-4,  # float32 adds up in another order than the float64 oracle
        atol=1e-4,
        what=what,
    )


@pytest.mark.parametrize(
    "case", [UNEVEN, WIDE, POINT], ids=["10 x 7", "7 x 14", "9 x 8, kernel 1 x 1"]
)
def test_inference(submission, device, seed, case):
    """in eval mode the output is that of Keras"""
    weights, model = build(submission, case, seed, device)
    x = images(case, 3, device)
    actual = forward(
        model.eval(),
        x,
        f"port(weights, input_shape={case[0]}).eval()(x), kernels {case[1]} and {case[3]}",
    )
    wrong = ideas(weights, x)
    if case is POINT:
        shifted = keras(weights, torch.roll(x, -1, 3))
        wrong[
            "a negative amount is padded, which cuts the first column off; the total is at least 0"
        ] = shifted
    compare(actual, keras(weights, x), wrong)


def test_any_batch_size(submission, device, seed):
    """a batch of 1 and a larger one give the same rows"""
    weights, model = build(submission, UNEVEN, seed, device)
    x = images(UNEVEN, 5, device)
    expected = keras(weights, x)
    model.eval()
    for n in (1, 5, 2):
        actual = forward(model, x[:n], f"port(weights, input_shape)(x) with a batch of {n}")
        compare(actual, expected[:n], {}, f"the output for a batch of {n}")


def test_training_mode(submission, device, seed):
    """in train mode the batch norm uses the batch, and moves its mean as Keras does"""
    weights, model = build(submission, UNEVEN, seed, device)
    x = images(UNEVEN, 4, device)
    expected = keras(weights, x, training=True)
    model.train()
    assert hasattr(model, "bn"), "the batch norm should be called bn, so that model.bn is it"
    for name in ("running_mean", "running_var"):
        assert name in dict(model.bn.named_buffers()), (
            f"model.bn.{name} should be a buffer, which state_dict saves and double() converts: register_buffer"
        )
    old = torch.from_numpy(weights["bn/moving_mean"].copy())
    assert_close(
        model.bn.running_mean.detach().cpu(), old, what="model.bn.running_mean before training"
    )
    actual = forward(model, x, "port(weights, input_shape).train()(x)")
    wrong = {"batch norm uses the running statistics in train mode too": keras(weights, x)}
    compare(actual, expected, wrong, "the output in train mode")
    p = {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
    channels_last = x.cpu().numpy().astype(np.float64).transpose(0, 2, 3, 1)
    batch = torch.from_numpy(
        conv(channels_last, p["conv1/kernel"], p["conv1/bias"], 2).mean((0, 1, 2))
    ).float()
    tried("model.bn.running_mean after one forward pass in train mode", x=x)
    assert_close(
        model.bn.running_mean.detach().cpu(),
        0.99 * old + 0.01 * batch,
        what="model.bn.running_mean",
        atol=1e-5,
        mistakes={
            "momentum=0.99 is passed to torch, whose momentum is the weight of the new value; Keras's is the weight of the old value": 0.01
            * old
            + 0.99 * batch,
            "the momentum is torch's default of 0.1; Keras's 0.99 is 0.01 in torch": 0.9 * old
            + 0.1 * batch,
            "the running mean does not move": old,
        },
    )


def test_parameters(submission, device, seed):
    """all arrays but the moving statistics are trainable parameters"""
    weights, model = build(submission, WIDE, seed, device)
    found = list(model.parameters())
    sizes = sorted(p.numel() for p in found)
    expected = sorted(weights[name].size for name in TRAINED)
    if sizes != expected:
        fail(
            f"the module has parameters of {sizes} elements, expected {expected}",
            mistake="a plain tensor is not registered: make it an nn.Parameter, or a layer's weight"
            if sum(sizes) < sum(expected)
            else "",
        )
    assert all(p.requires_grad for p in found), (
        "every parameter should require a gradient; training goes on in PyTorch"
    )
    x = images(WIDE, 3, device)
    out = forward(model.train(), x, "a backward pass through port(weights, input_shape).train()(x)")
    assert out.requires_grad, (
        "the output is cut off from the graph; look for no_grad, detach and .data in forward"
    )
    gradients = torch.autograd.grad((out * torch.randn_like(out)).sum(), found, allow_unused=True)
    unused = [tuple(p.shape) for p, g in zip(found, gradients, strict=True) if g is None]
    assert not unused, f"no gradient reaches the parameter of shape {unused[0]}"


def test_modules_are_independent(submission, device, seed):
    """a second port leaves the first module alone"""
    weights, model = build(submission, UNEVEN, seed, device)
    build(submission, UNEVEN, seed + 1, device)[1].train()(images(UNEVEN, 2, device))
    x = images(UNEVEN, 3, device)
    actual = forward(
        model.eval(), x, "first = port(weights, shape); port(other_weights, shape); first.eval()(x)"
    )
    if not torch.allclose(actual, keras(weights, x).to(actual), rtol=1e-3, atol=1e-3):
        fail(
            "the first module computes something else once a second one has been made",
            mistake="the two share a layer or a tensor; make every layer inside of port",
        )


def test_arrays_are_copied(submission, device, seed):
    """training the module leaves the arrays alone"""
    weights = arrays(UNEVEN, seed)
    before = {name: value.copy() for name, value in weights.items()}
    tried("port(weights, input_shape), and a change of all its parameters and buffers in place")
    model = submission.port(weights, UNEVEN[0])
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.add_(1)
    missing = sorted(set(before) - set(weights))
    assert not missing, f"{missing} are gone from the caller's dict after port; take a copy of it"
    for name, value in weights.items():
        if not np.array_equal(value, before[name]):
            fail(
                f"{name} changes when the module is trained",
                mistake="torch.from_numpy shares memory with the array; copy it, with torch.tensor or copy_",
            )
    untouched = submission.port(weights, UNEVEN[0]).to(device).eval()
    x = images(UNEVEN, 2, device)
    compare(forward(untouched, x, "a second port(weights, input_shape)"), keras(weights, x), {})


def test_float64(submission, device, seed):
    """the module works in float64"""
    weights, model = build(submission, WIDE, seed, device)
    x = images(WIDE, 2, device).double()
    expected = keras(weights, x)
    hint = (
        "after model.double() everything is float64; nothing should be cast to one dtype in forward"
    )
    actual = forward(model.double().eval(), x, "port(weights, input_shape).double()(x)", hint)
    # the oracle adds up in another order
    assert_close(actual, expected.to(device), rtol=1e-6, atol=1e-6, hint=hint)


def slopes(model, x, tensor):
    """The slope of a random sum of the output along a random direction of tensor: by autograd, and by differences."""
    out = model(x)
    assert out.requires_grad, (
        "the output is cut off from the graph; look for no_grad, detach and .data in forward"
    )
    weights, direction = torch.randn_like(out), torch.randn_like(tensor)
    (gradient,) = torch.autograd.grad((out * weights).sum(), [tensor], allow_unused=True)
    by_autograd = 0.0 if gradient is None else (gradient * direction).sum().item()
    step, values, start = 1e-7, [], tensor.detach().clone()
    with torch.no_grad():
        for sign in (1, -1):
            tensor.copy_(start + sign * step * direction)
            values.append((model(x) * weights).sum().item())
        tensor.copy_(start)
    return by_autograd, (values[0] - values[1]) / (2 * step)


@pytest.mark.parametrize("training", [True, False], ids=["train mode", "eval mode"])
def test_gradients(submission, device, seed, training):
    """the gradients are those of the output"""
    _, model = build(submission, WIDE, seed, device)
    model = model.double().train(training)
    x = images(WIDE, 3, device).double().requires_grad_()
    mode = "train" if training else "eval"
    forward(model, x, f"a backward pass through port(weights, input_shape).double().{mode}()(x)")
    for name, tensor in (*model.named_parameters(), ("the input", x)):
        for _ in range(2):  # a second try: a difference over a kink of ReLU says nothing
            found, expected = slopes(model, x, tensor)
            if abs(found - expected) <= 1e-3 * (1 + abs(expected)):
                break
        else:
            fail(
                f"in {mode} mode the gradient of {name} has the slope {found:.6g} along a random direction, and the output has {expected:.6g}",
                mistake="" if found else f"no gradient reaches {name}",
                hint="look for detach, .data and no_grad in forward; in train mode the batch's mean and variance depend on what came before, "
                "and take part in the gradient",
            )
