"""``crispml models health``: judge a version in service, or show what was judged."""

from __future__ import annotations

import click

from crispml_core.cli.verb import ServiceVerb, Session


@click.command(
    "health",
    cls=ServiceVerb,
    example='crispml models health german_credit VERSION --unhealthy --reason "auc below its gate"',
)
@click.argument("model")
@click.argument("version")
@click.option("--healthy/--unhealthy", default=None, help="Judge the version.")
@click.option("--reason", default="", help="Why; without personal data.")
@click.option("--evidence", default="", help="Id of the report that the verdict stands on.")
@click.option("--by", default="", help="Who judges; without a key only.")
@click.pass_obj
def health(
    session: Session,
    model: str,
    version: str,
    healthy: bool | None,
    reason: str,
    evidence: str,
    by: str,
) -> None:
    """Show the verdicts on VERSION of MODEL, or add one.

    A champion that is judged unfit is answered for by the version of the alias fallback.
    """
    from crispml_core.domain.identifiers import new_id

    training, out = session.client.training, session.out
    if healthy is None:
        verdicts = list(training.version_health(model, version))
        if not out.emit(verdicts):
            out.table(
                ("judged", "healthy", "in a row", "fit", "by", "evidence", "reason"),
                [
                    (
                        verdict.judged_at,
                        verdict.healthy,
                        verdict.streak,
                        verdict.fit,
                        verdict.judged_by,
                        verdict.evidence,
                        verdict.reason,
                    )
                    for verdict in verdicts
                ],
                title=f"verdicts on {version} of {model}, newest first",
            )
        return
    if not reason.strip():
        raise click.UsageError("a verdict needs a --reason")
    verdict = training.judge_version(
        model,
        version,
        healthy=healthy,
        reason=reason,
        evidence=evidence,
        judged_by=session.said_by(by),
        idempotency_key=str(new_id()),
    )
    if not out.emit(verdict):
        said = "fit" if verdict.fit else "unfit"
        out.line(f"{version} of {model} is {said} to answer ({verdict.streak} in a row)")
