"""``crispml models drill``: take a champion out of service, and bring it back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.identifiers import new_id

if TYPE_CHECKING:
    from crispml_core.client.training import TrainingClient

_LOOK_S = 0.05
_MOST_VERDICTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResult:
    """How long scoring took to follow.

    Parameters
    ----------
    fallback_s, champion_s : float or None
        Seconds from the verdict until the readiness said that the fallback answers, and that the
        champion does again; None when it did not in time.
    """

    model: str
    champion: str
    fallback: str
    fallback_s: float | None
    champion_s: float | None


@click.command("drill", cls=ServiceVerb, example="crispml models drill german_credit --yes")
@click.argument("model")
@click.option("--yes", is_flag=True, help="Do not ask: customers are answered by the fallback.")
@click.option(
    "--within",
    type=click.FloatRange(0.1, 600),
    default=2.0,
    show_default=True,
    help="Seconds in which scoring must follow.",
)
@click.option("--by", default="", help="Who drills; without a key only.")
@click.pass_obj
def drill(session: Session, model: str, yes: bool, within: float, by: str) -> None:
    """Judge the champion of MODEL unfit, wait for the fallback, and judge it fit again.

    The verdicts stay in the log as evidence of the drill. The champion is brought back in any case.
    """
    training, scoring = session.client.training, session.client.scoring
    aliases = {event.alias: event.version for event in training.aliases(model)}
    champion, fallback = aliases.get("champion"), aliases.get("fallback")
    if champion is None or fallback is None or champion == fallback:
        raise Failure("a drill needs a champion and a fallback that is another version")
    if not yes:
        click.confirm(f"Shall {fallback} answer for {champion} for a moment?", abort=True)

    def check() -> str:
        return scoring.checks().get(f"champion {model}", "")

    if check() != "ok":
        raise Failure("the champion does not serve now: there is nothing to drill")
    try:
        _judge(training, model, champion, healthy=False, by=session.said_by(by))
        fallback_s = _seconds(lambda: "the fallback" in check(), within)
    finally:
        _judge(training, model, champion, healthy=True, by=session.said_by(by))
    champion_s = _seconds(lambda: check() == "ok", within)
    result = DrillResult(
        model=model,
        champion=champion,
        fallback=fallback,
        fallback_s=fallback_s,
        champion_s=champion_s,
    )
    if not session.out.emit(result):
        session.out.facts(
            [
                ("champion", champion),
                ("fallback", fallback),
                ("fallback answers after, s", fallback_s),
                ("champion is back after, s", champion_s),
            ]
        )
    if fallback_s is None or champion_s is None:
        what = "fall back" if fallback_s is None else "return to the champion"
        raise Failure(f"scoring did not {what} within {within:g} s; look at its readiness")


def _judge(training: TrainingClient, model: str, version: str, *, healthy: bool, by: str) -> None:
    """Judge until it counts: the use case says how many verdicts in a row that takes."""
    for _ in range(_MOST_VERDICTS):
        verdict = training.judge_version(
            model,
            version,
            healthy=healthy,
            reason="a drill" if not healthy else "the end of a drill",
            judged_by=by,
            idempotency_key=str(new_id()),
        )
        if verdict.fit is healthy:
            return
    raise Failure("the verdicts of the drill change nothing; look at crispml models health")


def _seconds(condition: Callable[[], bool], within: float) -> float | None:
    """Return after how many seconds a condition holds, or None when it does not in time."""
    start = time.monotonic()
    while (passed := time.monotonic() - start) <= within:
        if condition():
            return round(passed, 2)
        time.sleep(_LOOK_S)
    return None
