"""``crispml score dossier``: everything behind one score, and whether a bundle of it is genuine."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from crispml_core.cli.parameters import MOMENT, OUTPUT_FILE
from crispml_core.cli.trusted_keys import trusted_keys, trusted_option
from crispml_core.cli.verb import Failure, ServiceVerb, Session
from crispml_core.domain.errors import CrispMLError


@click.command(
    "dossier", cls=ServiceVerb, example="crispml score dossier ID --bundle score.tar --verify"
)
@click.argument("score_id", metavar="ID")
@click.option("--at", type=MOMENT, help="As known at this moment.  [default: now]")
@click.option("--html", type=OUTPUT_FILE, help="Write it as one page to this file.")
@click.option("--bundle", type=OUTPUT_FILE, help="Write it as a signed bundle to this file.")
@click.option(
    "--verify",
    is_flag=True,
    help="Verify signature and digests of the bundle, and that the service says the same again.",
)
@trusted_option
@click.pass_obj
def dossier(
    session: Session,
    score_id: str,
    at: datetime | None,
    html: Path | None,
    bundle: Path | None,
    verify: bool,
    trusted: Path | None,
) -> None:
    """Show everything behind the score ID, as it was known at a moment.

    A dossier of a moment is the same to the byte whenever it is asked for.
    """
    training, out = session.client.training, session.out
    found = training.dossier(score_id, at=at)
    moment = datetime.fromisoformat(found["at"])
    if html is not None:
        html.write_text(training.dossier_html(score_id, at=moment), encoding="utf-8")
    if bundle is not None or verify:
        content = training.dossier_bundle(score_id, at=moment)
        if bundle is not None:
            bundle.write_bytes(content)
        if verify:
            _verify(content, trusted, training.dossier_bytes(score_id, at=moment))
    if out.emit(found):
        return
    _show(session, found)
    if verify:
        out.line("verified: signed by a trusted key, unchanged, and the service says the same")


def _verify(content: bytes, trusted: Path | None, again: bytes) -> None:
    """Fail unless a bundle is genuine and tells what the service tells."""
    import hashlib

    import msgspec

    from crispml_core.adapters.bundles import TarBundles
    from crispml_core.domain.dossiers import DOSSIER, FORMAT, INDEX, SIGNATURE, DossierIndex
    from crispml_core.domain.signatures import Signature

    try:
        members = {
            member.name: b"".join(member.chunks())
            for member in TarBundles().unpack(io.BytesIO(content))
        }
        signed = members.pop(INDEX)
        signature = Signature.decode(members.pop(SIGNATURE))
        trusted_keys(trusted).verify(signed, signature)
        index = msgspec.json.decode(signed, type=DossierIndex)
    except (KeyError, msgspec.MsgspecError):
        raise Failure("the bundle is no bundle of a dossier") from None
    except CrispMLError as error:
        raise Failure(f"the bundle is not genuine: {error.message}") from None
    listed = {file.name: file.sha256 for file in index.members}
    if index.format != FORMAT or listed != {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items()
    }:
        raise Failure("the bundle is not genuine: its members are not those that were signed")
    if members[DOSSIER] != again:
        raise Failure("the service tells another dossier of this moment than the signed one")


def _show(session: Session, found: dict[str, Any]) -> None:
    out, score, version = session.out, found["score"], found["version"] or {}
    held = (found["approval"] or {}).get("held")
    approved = next(
        (
            one
            for one in (found["approval"] or {}).get("decisions", ())
            if one["approval_id"] == held
        ),
        None,
    )
    chain = "verified" if found["chain"]["verified"] else "NOT as it was committed"
    out.facts(
        [
            ("score", score["score_id"]),
            ("as known at", found["at"]),
            ("scored", score["scored_at"]),
            ("prediction", score["prediction"]),
            ("probability", score["probability"]),
            ("hash chain", chain),
            ("version", f"{score['model']} {score['version']}"),
            ("digest", version.get("digest")),
            ("signed by", version.get("signed_by")),
            ("trained by", ", ".join(version.get("trained_by") or ()) or "nobody knows"),
            ("approved by", approved["decided_by"] if approved else "nobody"),
            ("data sets", [one["id"] for one in found["data_sets"]]),
            ("labels", [str(one["value"]) for one in found["labels"] if one["is_current"]]),
            ("alerts that fired", [one["rule"] for one in found["alerts"]]),
            ("later scores", len(found["later_scores"])),
            ("reports", len(found["reports"])),
            *(("missing", note) for note in found["missing"]),
        ]
    )
