"""What is true of all scores of an answer: for headers, and for the metadata of tables."""

from __future__ import annotations

from crispml_core.domain.scores import score_id
from crispml_core.serving.scored import Scored


def facts_of(scored: Scored) -> dict[str, str]:
    """Return use case, model, version, alias, group, durability and fallback as texts.

    There is no alias when the caller named the version.
    """
    alias = {} if scored.alias is None else {"alias": scored.alias}
    return {
        "use_case": scored.use_case,
        "model": scored.model,
        "version": scored.version,
        **alias,
        "group_id": scored.group_id,
        "durability": scored.durability,
        "fallback": "true" if scored.fallback else "false",
    }


def fact_headers(scored: Scored) -> list[tuple[bytes, bytes]]:
    """Return the facts and the first score id as headers of an ASGI response.

    Examples are ``CrispML-Version``, ``CrispML-Group-Id`` and ``CrispML-Score-Id``, in lower case
    as ASGI wants them. Where a challenger answers a share, ``CrispML-Versions`` names all versions.
    """
    headers = [
        (b"crispml-" + name.replace("_", "-").encode(), value.encode("latin-1", "replace"))
        for name, value in facts_of(scored).items()
    ]
    first = scored.ids[0] if scored.ids else score_id(scored.group_id, scored.offset)
    headers.append((b"crispml-score-id", first.encode()))
    if scored.versions is not None:
        versions = ", ".join(dict.fromkeys(scored.versions))
        headers.append((b"crispml-versions", versions.encode("latin-1", "replace")))
    if scored.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    return headers


def table_metadata(scored: Scored) -> dict[str, str]:
    """Return the facts under the names they have in the schema of a Parquet or Arrow answer."""
    return {f"crispml.{name}": value for name, value in facts_of(scored).items()}
