"""Turns a challenge and a submission into the judge's Job."""

from drill.challenge import Challenge
from drill.judge.protocol import Job


def job(
    challenge: Challenge,
    submission: str,
    *,
    filename: str = "submission.py",
    device: str = "cpu",
    seed: int = 0,
    isolated: bool = False,
) -> Job:
    """What the judge needs to know, as text: it reads no file of the challenge's."""
    return Job(
        challenge=f"{challenge.pack}/{challenge.id}",
        submission=submission,
        filename=filename,
        checks=challenge.checks.read_text(encoding="utf-8"),
        entry=challenge.entry,
        limits=challenge.limits,
        rules=challenge.rules,
        device=device,
        seed=seed,
        isolated=isolated,
    )
