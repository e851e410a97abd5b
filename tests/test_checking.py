import math

import pytest
import torch
from torch import Tensor, nn

from drill import checking
from drill.checking import CheckFailure, assert_close, assert_same_gradients, unchanged


def failure(*args: object, **options: object) -> CheckFailure:
    with pytest.raises(CheckFailure) as caught:
        assert_close(*args, **options)  # type: ignore[arg-type]
    return caught.value


def test_equal_values_pass() -> None:
    x = torch.randn(2, 3)
    assert_close(x, x.clone())
    assert_close(nn.Parameter(x), x)
    assert_close(torch.tensor([math.nan, math.inf]), torch.tensor([math.nan, math.inf]))


@pytest.mark.parametrize(
    ("actual", "expected", "complaint"),
    [
        pytest.param(None, torch.ones(2), "is a return missing?", id="nothing"),
        pytest.param(3.0, torch.ones(2), "should be a tensor, got a float", id="a number"),
        pytest.param(torch.ones(3), torch.ones(2), "has the shape (3,), expected (2,)", id="shape"),
        pytest.param(torch.ones(2).double(), torch.ones(2), "has the dtype torch.float64", id="dtype"),
        pytest.param(torch.ones(2, device="meta"), torch.ones(2), "is on meta, expected cpu", id="device"),
        pytest.param(torch.tensor([1.0, 2.0]), torch.ones(2), "has wrong values", id="values"),
        pytest.param(torch.tensor([1.0, math.nan]), torch.ones(2), "has wrong values", id="a NaN"),
        pytest.param(torch.tensor([True]), torch.tensor([False]), "has wrong values", id="bool"),
        pytest.param(2.0, 1.0, "should be 1, got 2", id="numbers"),
        pytest.param(True, 1.0, "should be the number 1, got a bool", id="a flag for a number"),
        pytest.param("a", "b", "should be 'b', got 'a'", id="texts"),
        pytest.param([torch.ones(2)], (torch.ones(2), torch.ones(2)), "should have 2 items, got 1", id="too few"),
        pytest.param({"a": 1}, {"b": 1}, "should have the keys ['b'], got ['a']", id="keys"),
        pytest.param({"a": {"b": 2}}, {"a": {"b": 1}}, "the result['a']['b'] should be 1, got 2", id="nested"),
    ],
)  # fmt: skip
def test_a_difference_is_told(actual: object, expected: object, complaint: str) -> None:
    assert complaint in failure(actual, expected).message


def test_the_largest_difference_is_located() -> None:
    actual = torch.zeros(2, 3)
    actual[1, 2] = 5
    actual[0, 1] = 1
    details = failure(actual, torch.zeros(2, 3)).details
    assert "2 of 6 values differ" in details
    assert "largest difference at [1, 2]: got 5, expected 0" in details


def test_a_nan_counts_as_the_largest_difference() -> None:
    details = failure(torch.tensor([9.0, math.nan]), torch.zeros(2)).details
    assert any("at [1]" in line for line in details)


def test_a_mistake_is_named_by_its_value() -> None:
    x = torch.randn(5)
    wrong = {"the mean is missing": x.sum(), "the variance is biased": lambda: x.var(correction=0)}
    assert failure(x.var(correction=0), x.var(), mistakes=wrong).mistake == "the variance is biased"
    assert failure(x.sum(), x.mean(), mistakes=wrong).mistake == "the mean is missing"
    assert failure(x.max() + 7, x.mean(), mistakes=wrong).mistake == ""


def test_a_mistake_that_gives_the_right_value_is_not_named() -> None:
    expected = torch.ones(3)
    assert failure(torch.zeros(3), expected, mistakes={"never this": expected}).mistake == ""


def test_a_result_that_went_through_float32_is_told() -> None:
    expected = torch.randn(5, dtype=torch.float64)
    with pytest.raises(CheckFailure) as caught:
        assert_close((expected.float() / 3).double() * 3, expected)
    assert "only float32's digits are right" in caught.value.mistake
    with pytest.raises(CheckFailure) as caught:
        assert_close(expected * 1.01, expected)
    assert caught.value.mistake == ""
    assert_close(expected / 3 * 3, expected)


def test_a_mistake_of_another_shape_is_named() -> None:
    found = failure(torch.ones(3, 2), torch.ones(2, 3), mistakes={"transposed": torch.ones(3, 2)})
    assert found.mistake == "transposed"


def test_a_number_may_be_a_tensor_of_one_element() -> None:
    assert_close(torch.tensor(0.5), 0.5)
    assert_close(torch.tensor([[0.5]]), 0.5)


def test_a_subclass_that_lies_is_compared_as_a_plain_tensor() -> None:
    class Liar(Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            return torch.ones(2, dtype=torch.bool)

    lie = torch.zeros(2).as_subclass(Liar)
    assert failure(lie, torch.ones(2)).message == "the result has wrong values"


def test_gradients_are_compared_by_value() -> None:
    x = torch.randn(4, requires_grad=True)
    assert_same_gradients(x * x, x**2, {"x": x})
    with pytest.raises(CheckFailure, match="the gradient of x has wrong values"):
        assert_same_gradients(x * x.detach(), x**2, {"x": x})


def test_a_result_cut_off_from_the_graph_is_told() -> None:
    x = torch.randn(4, requires_grad=True)
    with pytest.raises(CheckFailure, match="cut off from the graph"):
        assert_same_gradients((x**2).detach(), x**2, {"x": x})


def test_a_missing_gradient_is_told_unless_it_is_zero() -> None:
    x, y = torch.randn(4, requires_grad=True), torch.randn(4, requires_grad=True)
    with pytest.raises(CheckFailure, match="no gradient reaches y"):
        assert_same_gradients(x + y.detach(), x + y, {"x": x, "y": y})
    assert_same_gradients(x * 1, x + 0 * y, {"x": x, "y": y})  # zero by either way


@pytest.mark.parametrize(
    "change", [lambda x: x.add_(1), lambda x: x.data.mul_(2), lambda x: x.zero_()], ids=["in place", "by .data", "zeroed"]
)  # fmt: skip
def test_a_changed_input_is_told(change) -> None:  # type: ignore[no-untyped-def]
    x = torch.randn(3)
    with pytest.raises(CheckFailure, match="x was changed in place"), unchanged(x=x):
        change(x)


def test_an_input_with_nan_left_alone_is_unchanged() -> None:
    x = torch.tensor([math.nan, 1.0])
    with unchanged(x=x):
        x + 1


def test_a_loop_shows_as_more_calls() -> None:
    def loop(n: int) -> int:
        return len(checking.torch_calls(lambda: [torch.ones(2) + i for i in range(n)]))

    assert loop(5) > loop(2)
    assert len(checking.torch_calls(lambda: torch.ones(9) + 1)) == len(
        checking.torch_calls(lambda: torch.ones(2) + 1)
    )


def test_what_was_tried_is_described() -> None:
    checking.tried("f(x)", x=torch.zeros(2, 3).t(), n=3)
    assert checking.last_tried() == ["f(x)", "x: float32 (3, 2), not contiguous", "n: 3"]


def test_a_view_cannot_flatten_what_is_noncontiguous() -> None:
    for shape in ((2, 3), (2, 3, 4)):
        x = checking.noncontiguous(torch.randn(shape))
        with pytest.raises(RuntimeError, match="view size"):
            x.view(-1)
        with pytest.raises(RuntimeError, match="view size"):
            x.view(shape[0] * shape[1], *shape[2:])


def test_noncontiguous_keeps_the_values() -> None:
    x = torch.randn(3, 4)
    twin = checking.noncontiguous(x)
    assert not twin.is_contiguous()
    assert torch.equal(twin, x)
