"""Hidden checks for cosine-warmup. A check's docstring is the line the learner sees."""

import math

import pytest

from drill.checking import assert_close, fail, tried


def schedule(step, warmup, total, base, low=0.0):
    if step >= total:
        return low
    if step < warmup:
        return base * step / warmup
    return low + 0.5 * (base - low) * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def rates(submission, steps, warmup, total, base, *low):
    given = ", ".join(map(str, (warmup, total, base, *low)))
    tried(f"[cosine_warmup_lr(step, {given}) for step in {list(steps)}]")
    found = [submission.cosine_warmup_lr(step, warmup, total, base, *low) for step in steps]
    for step, rate in zip(steps, found, strict=True):
        if isinstance(rate, int):
            fail(
                f"the rate of step {step} should be a Python float, got the int {rate}",
                hint="a default or a return of 0 is an int; write 0.0",
            )
        if not isinstance(rate, float):
            fail(
                f"the rate of step {step} should be a Python float, got {type(rate).__name__}",
                hint="math.cos takes and gives floats; float(...) converts a tensor or a number of NumPy",
            )
    return found


def compare(found, expected, ideas):
    """`ideas` maps a wrong idea to its rates, as a list over the same steps."""
    scale = max(abs(rate) for rate in expected)
    for idea, wrong in ideas.items():
        same = [
            math.isclose(f, w, rel_tol=1e-5, abs_tol=1e-6 * scale)
            for f, w in zip(found, wrong, strict=True)
        ]
        differs = any(
            not math.isclose(e, w, rel_tol=1e-4, abs_tol=1e-4 * scale)
            for e, w in zip(expected, wrong, strict=True)
        )
        if all(same) and differs:
            worst = max(range(len(found)), key=lambda i: abs(float(found[i]) - expected[i]))
            fail(
                f"the rates are wrong: number {worst} of the list should be {expected[worst]:.6g}, got {float(found[worst]):.6g}",
                details=[
                    f"expected  {[round(e, 6) for e in expected]}",
                    f"got       {[round(float(f), 6) for f in found]}",
                ],
                mistake=idea,
            )
    # rates differ by orders of magnitude, so a fixed tolerance of 1e-5 would hide small ones
    assert_close(found, expected, rtol=1e-5, atol=1e-6 * scale, what="the list of rates")


@pytest.mark.parametrize(
    ("warmup", "total", "base", "low"),
    [(4, 10, 0.3, 0.0), (5, 13, 2e-4, 5e-5), (3, 20, 7.0, 0.5), (1, 6, 0.3, 0.1)],
)
def test_warmup(submission, warmup, total, base, low):
    """the rate rises in a straight line from 0"""
    steps = range(warmup)
    expected = [schedule(s, warmup, total, base, low) for s in steps]
    cosine = [low + 0.5 * (base - low) * (1 + math.cos(math.pi * s / total)) for s in steps]
    found = rates(submission, steps, warmup, total, base, *([low] if low else []))
    compare(
        found,
        expected,
        {
            "the warm-up is one step ahead: step 0 has a rate of 0, and step warmup_steps has base_lr": [
                base * (s + 1) / warmup for s in steps
            ],
            "the warm-up is one step behind: step warmup_steps has base_lr": [
                base * s / (warmup + 1) for s in steps
            ],
            "the warm-up starts at min_lr; it rises from 0": [
                low + (base - low) * s / warmup for s in steps
            ],
            "min_lr is a floor under the warm-up; it rises from 0": [
                max(low, base * s / warmup) for s in steps
            ],
            "the warm-up rises to base_lr - min_lr; it reaches base_lr": [
                (base - low) * s / warmup for s in steps
            ],
            "there is no warm-up: the cosine starts at step 0": cosine,
            "there is no warm-up: the rate starts at base_lr": [base] * warmup,
            "the warm-up and the cosine act at the same time; the cosine starts when the warm-up is over": [
                c * min(1.0, s / warmup) for s, c in zip(steps, cosine, strict=True)
            ],
            "the division is cut to a whole number (// or int)": [0.0] * warmup,
            "this is the factor of base_lr; return the rate itself": [e / base for e in expected],
            "the warm-up follows a curve; it is a straight line": [
                base * 0.5 * (1 - math.cos(math.pi * s / warmup)) for s in steps
            ],
        },
    )


@pytest.mark.parametrize(("warmup", "total", "base"), [(4, 10, 0.3), (1, 9, 3e-4), (0, 5, 2.0)])
def test_decay(submission, warmup, total, base):
    """the rate falls along half a cosine, down to 0 by default"""
    steps = range(max(warmup, 1), total + 1)
    expected = [schedule(s, warmup, total, base) for s in steps]
    span = total - warmup

    def curve(shape):
        return [0.0 if s >= total else base * shape((s - warmup) / span) for s in steps]

    def half(x):
        return 0.5 * (1 + math.cos(math.pi * x))

    found = rates(submission, steps, warmup, total, base)
    slip = "the decay is off by one step: progress is 1 at total_steps"
    ideas = {
        "progress counts from step 0; it counts from the end of the warm-up": [
            0.0 if s >= total else base * half(s / total) for s in steps
        ],
        "progress divides by total_steps; it divides by total_steps - warmup_steps": [
            0.0 if s >= total else base * half((s - warmup) / total) for s in steps
        ],
        "total_steps counts the decay alone; it counts the steps of the warm-up too": [
            base * half((s - warmup) / total) for s in steps
        ],
        "progress counts from step 0; it counts from the end of the warm-up, warmup_steps": [
            0.0 if s >= total else base * half(s / span) for s in steps
        ],
        "a quarter of a period is used; from base_lr to min_lr it is half a period, pi": curve(
            lambda x: math.cos(math.pi * x / 2)
        ),
        "a quarter of a period is used, of the raised cosine; it is half a period, pi": curve(
            lambda x: half(x / 2)
        ),
        "a whole period is used, so the rate comes back up; it is half a period, pi": curve(
            lambda x: half(2 * x)
        ),
        "pi is missing in the cosine": curve(lambda x: 0.5 * (1 + math.cos(x))),
        "the cosine is given degrees; it takes radians": curve(
            lambda x: 0.5 * (1 + math.cos(180 * x))
        ),
        "the factor 0.5 is missing, so the rate starts at twice base_lr": curve(
            lambda x: 1 + math.cos(math.pi * x)
        ),
        "the rate rises over the decay: the cosine is subtracted, or a sine": curve(
            lambda x: 0.5 * (1 - math.cos(math.pi * x))
        ),
        "the rate rises over the decay; the sine should be a cosine": curve(
            lambda x: 0.5 * (1 + math.sin(math.pi * x))
        ),
        "the decay is a straight line; it follows a cosine": curve(lambda x: 1 - x),
        "the division is cut to a whole number (// or int)": curve(lambda x: 1.0),
        "the cosine is not raised: the rate turns negative": curve(lambda x: math.cos(math.pi * x)),
    }
    if span > 1:
        ideas[slip] = [base * half(min(1.0, (s - warmup) / (span - 1))) for s in steps]
        ideas[slip + ", and 0 at warmup_steps"] = [
            0.0 if s >= total else base * half((s - warmup + 1) / (span + 1)) for s in steps
        ]
        ideas[slip + ", not after it"] = [
            base * half(min(1.0, (s - warmup + 1) / span)) for s in steps
        ]
        ideas[slip + ", not at warmup_steps + 1"] = [
            base * half(max(0, s - warmup - 1) / (span - 1)) for s in steps
        ]
    for low in (0.1, 0.01, 1e-5, 1e-6, 0.1 * base, 0.01 * base):
        ideas[f"min_lr is 0 by default, not {low:g}"] = [
            schedule(s, warmup, total, base, low) for s in steps
        ]
    for digits in (3, 4, 5, 6):
        ideas[f"the rates are rounded to {digits} digits; return them as they are"] = [
            round(e, digits) for e in expected
        ]
    compare(found, expected, ideas)


def test_no_warmup(submission):
    """warmup_steps=0 starts at base_lr"""
    expected = [schedule(s, 0, 4, 0.8) for s in range(5)]
    try:
        found = rates(submission, range(5), 0, 4, 0.8)
    except ZeroDivisionError as error:
        fail(
            f"ZeroDivisionError: {error}",
            mistake="the warm-up divides by warmup_steps where warmup_steps is 0",
        )
    compare(
        found,
        expected,
        {"without a warm-up the rate is base_lr at step 0": [0.0, *expected[1:]]},
    )


@pytest.mark.parametrize(
    ("warmup", "total", "base", "low"), [(3, 11, 0.5, 0.2), (0, 6, 3e-4, 3e-5), (2, 7, 1.0, 0.9)]
)
def test_min_lr(submission, warmup, total, base, low):
    """min_lr is where the decay ends"""
    steps = range(warmup, total + 1)
    expected = [schedule(s, warmup, total, base, low) for s in steps]
    to_zero = [schedule(s, warmup, total, base) for s in steps]
    steps = list(steps)
    found = rates(submission, steps, warmup, total, base, low)
    on_top = [low + r for r in to_zero]
    compare(
        found,
        expected,
        {
            "min_lr is ignored": to_zero,
            "min_lr is ignored until total_steps": [*to_zero[:-1], low],
            "min_lr is put on top of a decay from base_lr to 0; the amplitude is base_lr - min_lr": on_top,
            "min_lr is put on top of a decay from base_lr; the amplitude is base_lr - min_lr": [
                *on_top[:-1],
                low,
            ],
            "min_lr is taken as a share of base_lr; it is a rate itself": [
                schedule(s, warmup, total, base, base * low) for s in steps
            ],
            "min_lr is taken as a share of base_lr until total_steps; it is a rate itself": [
                *[schedule(s, warmup, total, base, base * low) for s in steps[:-1]],
                low,
            ],
            "min_lr is a floor under a decay to 0; the cosine itself ends at min_lr": [
                max(low, r) for r in to_zero
            ],
            "the amplitude is base_lr - min_lr, but min_lr is not added back": [
                e - low for e in expected
            ],
        },
    )


def test_after_the_end(submission):
    """from total_steps on the rate is min_lr"""
    for warmup, low in ((2, 0.1), (0, 0.05), (3, 0.0)):
        steps = [7, 8, 9, 12, 25, 1000]
        expected = [low] * len(steps)
        found = rates(submission, steps, warmup, 7, 0.6, low)
        compare(
            found,
            expected,
            {
                "the cosine goes on after total_steps and climbs again; hold the rate at min_lr": [
                    low + 0.5 * (0.6 - low) * (1 + math.cos(math.pi * (s - warmup) / (7 - warmup)))
                    for s in steps
                ],
                "the rate is 0 after total_steps; it stays at min_lr": [0.0] * len(steps),
                "the rate is 0 past total_steps; it stays at min_lr": [
                    low,
                    *[0.0] * (len(steps) - 1),
                ],
                "the schedule starts again after total_steps; the rate stays at min_lr": [
                    low if s == 7 else schedule(s % 7, warmup, 7, 0.6, low) for s in steps
                ],
                "the schedule starts again at total_steps; the rate stays at min_lr": [
                    schedule(s % 7, warmup, 7, 0.6, low) for s in steps
                ],
                "the rate goes back to base_lr": [0.6] * len(steps),
            },
        )


def test_no_decay(submission):
    """warmup_steps == total_steps: a rise, and then min_lr"""
    for total, low in ((4, 0.1), (3, 0.0)):
        expected = [schedule(s, total, total, 0.8, low) for s in range(total + 3)]
        try:
            found = rates(submission, range(total + 3), total, total, 0.8, low)
        except ZeroDivisionError as error:
            fail(
                f"ZeroDivisionError: {error}",
                mistake="the cosine divides by total_steps - warmup_steps where total_steps == warmup_steps",
            )
        told = "from total_steps on the rate is min_lr, also where the warm-up has just ended"
        rise = expected[:total]
        compare(
            found,
            expected,
            {told: [*rise, 0.8, low, low], told + ", and ever after": [*rise, 0.8, 0.8, 0.8]},
        )


def test_long_schedule(submission):
    """a schedule of a hundred thousand steps follows the same formula"""
    steps = [0, 1, 500, 1999, 2000, 2001, 20_000, 51_000, 90_000, 99_999, 100_000, 150_000]
    expected = [schedule(s, 2000, 100_000, 1e-3, 5e-7) for s in steps]
    compare(rates(submission, steps, 2000, 100_000, 1e-3, 5e-7), expected, {})


def test_any_order(submission):
    """the rate depends on the step alone, not on earlier calls"""
    steps = [5, 0, 9, 2, 5, 1, 0, 7]
    expected = [schedule(s, 3, 9, 0.3, 0.03) for s in steps]
    tried(
        f"cosine_warmup_lr(step, warmup_steps=3, total_steps=9, base_lr=0.3, min_lr=0.03) for the steps {steps}"
    )
    found = [
        submission.cosine_warmup_lr(step=s, warmup_steps=3, total_steps=9, base_lr=0.3, min_lr=0.03)
        for s in steps
    ]
    if any(
        not math.isclose(f, e, rel_tol=1e-5, abs_tol=1e-7)
        for f, e in zip(found, expected, strict=True)
    ):
        fail(
            f"asked in this order the rates are {[round(float(f), 5) for f in found]}, expected {[round(e, 5) for e in expected]}",
            mistake="the function keeps state between its calls",
        )
