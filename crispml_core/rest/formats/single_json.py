"""The JSON answer for one record, which is made tens of thousands of times a second.

Byte for byte what `crispml_core.rest.formats.json_answer` gives for one score, but everything that
is the same for a version is written once.
"""

from __future__ import annotations

import msgspec

from crispml_core.serving.scored import Scored

_encode = msgspec.json.Encoder().encode


class SingleJson:
    """Writes answers with one score each; keeps what versions have in common."""

    _MOST = 256

    def __init__(self) -> None:
        self._templates: dict[tuple[object, ...], bytes] = {}

    def __call__(self, scored: Scored) -> bytes:
        """Return the answer for the first score, the only one."""
        rows = scored.scores
        key = (
            scored.version,
            scored.alias,
            scored.use_case,
            scored.classes,
            scored.durability,
            scored.fallback,
            rows.by_class is None,
        )
        template = self._templates.get(key)
        if template is None:
            template = self._remember(key, scored)
        group = scored.group_id.encode()
        second = rows.probabilities[0]
        probability = _encode(second)
        by_class: tuple[bytes, ...]
        if rows.by_class is not None:
            by_class = tuple(map(_encode, rows.by_class[0]))
        elif second is not None and scored.classes:
            by_class = (_encode(1.0 - second), probability)
        else:
            by_class = ()
        return template % (
            group,
            group[:-6],
            scored.offset + 1,
            _encode(rows.record_keys[0]),
            _encode(rows.predictions[0]),
            probability,
            *by_class,
            rows.segments[0].encode(),
            _details(rows.details),
        )

    def _remember(self, key: tuple[object, ...], scored: Scored) -> bytes:
        if len(self._templates) >= self._MOST:
            self._templates.clear()
        template = self._templates[key] = _template(scored)
        return template


def _details(details: list[str | None] | None) -> bytes:
    if details is None:
        return b""
    return b',"details":' + (details[0] or "{}").encode()


def _template(scored: Scored) -> bytes:
    facts = {"use_case": scored.use_case, "model": scored.model, "version": scored.version}
    head = b"".join(b'"%b":%b,' % (name.encode(), _encode(text)) for name, text in facts.items())
    after = {"durability": scored.durability, "fallback": scored.fallback}
    tail = b"".join(b'"%b":%b,' % (name.encode(), _encode(value)) for name, value in after.items())
    classes = b",".join(_encode(name).replace(b"%", b"%%") + b":%b" for name in scored.classes)
    return (
        b"{"
        + (head + b'"alias":' + _encode(scored.alias)).replace(b"%", b"%%")
        + b',"group_id":"%b",'
        + tail.replace(b"%", b"%%")
        + b'"scores":[{"score_id":"%b%06x","record_key":%b,"prediction":%b,"probability":%b,'
        + b'"probabilities":{'
        + classes
        + b'},"segments":%b%b}]}'
    )
