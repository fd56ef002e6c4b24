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
        self._last: Scored | None = None
        self._template = self._group = b""

    def __call__(self, scored: Scored, row: int = 0) -> bytes:
        """Return the answer for one row of scores."""
        if scored is not self._last:  # those of one group are most often asked for in a row
            self._last, self._group = scored, scored.group_id.encode()
            self._template = self._template_of(scored)
        rows, group = scored.scores, self._group
        second = rows.probabilities[row]
        probability = _encode(second)
        by_class: tuple[bytes, ...]
        if rows.by_class is not None:
            by_class = tuple(map(_encode, rows.by_class[row]))
        elif second is not None and scored.classes:
            by_class = (_encode(1.0 - second), probability)
        else:
            by_class = ()
        return self._template % (
            group,
            group[:-6],
            scored.offset + row + 1,
            _encode(rows.record_keys[row]),
            _encode(rows.predictions[row]),
            probability,
            *by_class,
            rows.segments[row].encode(),
            b"" if rows.details is None else b',"details":' + (rows.details[row] or "{}").encode(),
        )

    def _template_of(self, scored: Scored) -> bytes:
        key = (
            scored.version,
            scored.alias,
            scored.use_case,
            scored.classes,
            scored.durability,
            scored.fallback,
            scored.scores.by_class is None,
        )
        template = self._templates.get(key)
        return self._remember(key, scored) if template is None else template

    def _remember(self, key: tuple[object, ...], scored: Scored) -> bytes:
        if len(self._templates) >= self._MOST:
            self._templates.clear()
        template = self._templates[key] = _template(scored)
        return template


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
