"""A small plot within a line: bars of one series, drawn without any script."""

from __future__ import annotations

from collections.abc import Sequence

from htmltools import Tag, tags

_HEIGHT = 28
_STEP, _WIDTH = 8, 6


def spark(label: str, values: Sequence[float]) -> Tag:
    """Return bars.

    Parameters
    ----------
    label : str
        One sentence on what it shows, for a screen reader.
    """
    most = max(values, default=0) or 1
    bars = [
        Tag(
            "rect",
            x=str(_STEP * place),
            y=f"{_HEIGHT - height:.1f}",
            width=str(_WIDTH),
            height=f"{height:.1f}",
            rx="1",
            class_=None if value else "none",
        )
        for place, value in enumerate(values)
        for height in [max(1.5, _HEIGHT * value / most)]
    ]
    return tags.svg(
        *bars,
        viewBox=f"0 0 {max(1, _STEP * len(values) - (_STEP - _WIDTH))} {_HEIGHT}",
        preserveAspectRatio="none",
        class_="spark",
        role="img",
        aria_label=label,
    )
