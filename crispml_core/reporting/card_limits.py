"""What a version cannot do, as far as it follows from recorded facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crispml_core.reporting.cards import CardInput


def limitations(given: CardInput) -> list[dict[str, Any]]:
    """Return sentences, each with the number that it rests on, or None where there is none."""
    found = list(_of_the_definition(given))
    if given.report is None:
        found.append(_limit("The training report is not in this registry."))
        return found
    content = given.report.content["content"]
    for n, gate in enumerate(content.get("gates", ())):
        if not gate["passed"]:
            value = given.report.cite("content", "gates", n, "value")
            found.append(
                _limit(f"The gate {gate['kpi']} {gate['bound']} is not passed on test.", value)
            )
    for segment, table in content["segments"].items():
        small = [group["group"] for group in table["groups"] if group.get("suppressed")]
        if small:
            found.append(
                _limit(
                    f"Segment {segment}: too few test records to say anything about "
                    f"{', '.join(small)}."
                )
            )
        if table.get("omitted"):
            at = ("content", "segments", segment, "omitted")
            found.append(
                _limit(f"Segment {segment}: smaller groups are left out.", given.report.cite(*at))
            )
    note = (content.get("conformal") or {}).get("note")
    if note:
        found.append(_limit(f"Intervals and label sets: {note}."))
    return found


def _of_the_definition(given: CardInput) -> Any:
    manifest = given.version.content
    if not given.same_definition:
        yield _limit(
            "The use case that is loaded now is not the definition that this version was made "
            "with; purpose and schema here are those of now."
        )
    if manifest["compiled"]["kind"] is None:
        yield _limit(
            f"There is no compiled form, answers are slower: {manifest['compiled']['reason']}."
        )
    if manifest["conformal"] is None:
        yield _limit("Intervals and label sets cannot be given: nothing was calibrated.")
    if not given.verifications:
        yield _limit("No score of this version has been verified against the truth yet.")
    kept_out = [each.name for each in given.fields if each.privacy != "keep"]
    if kept_out:
        yield _limit(
            f"The ledger does not keep {', '.join(kept_out)}, so a score cannot be made again from "
            "it where the model reads them."
        )


def _limit(text: str, value: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"text": text, "number": value}
