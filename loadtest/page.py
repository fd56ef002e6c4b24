"""The results of a load as one HTML page, beside the charts of Locust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

_TOP = (
    ("acknowledged", "scores that clients were told"),
    ("in_ledger", "of them in the ledger, once and as they were told"),
    ("missing", "of them not in the ledger"),
    ("different", "of them in the ledger with another value"),
    ("doubled", "scores beside the first one of a record"),
    ("failed", "requests without a usable answer"),
    ("refused_valid", "requests of valid records that were refused"),
    ("accepted_invalid", "requests of invalid records that were accepted"),
    ("refused_invalid", "requests of invalid records that were refused, as they must"),
    ("requests", "requests that were due while it was measured"),
    ("rate", "good answers per second"),
    ("records_per_s", "records per second that were scored"),
    ("p50_ms", "half of the answers took no longer, from the moment they were due"),
    ("p99_ms", "99 of 100 took no longer"),
    ("service_p99_ms", "the same from the moment they were sent"),
    ("unsent_share", "share that the load ended before"),
    ("locust_cpu", "largest share of a core of a process of Locust"),
    ("locust_late_p99_ms", "99 of 100 times Locust woke up no later than this to send"),
)
_COLUMNS = (
    "requests",
    "rate",
    "records_per_s",
    "failed",
    "refused_valid",
    "accepted_invalid",
    "p50_ms",
    "p99_ms",
    "max_ms",
    "service_p99_ms",
)
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>CrispML load test: {{ result.load.use_case }}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem }
  table { border-collapse: collapse; margin: 1rem 0 }
  th, td { border-bottom: 1px solid #ccc; padding: .25rem .75rem; text-align: left }
  td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
  .missed { background: #fdd; color: #700; font-weight: bold }
  @media (prefers-color-scheme: dark) {
    body { background: #111; color: #eee } .missed { background: #511; color: #fdd }
  }
</style>
<h1>Load test of {{ result.load.use_case }}</h1>
<p>{{ result.load.scenarios | join(", ") }}; {{ result.load.shape }} up to {{ result.load.rate }}
records per second for {{ result.measured_seconds }} s, after {{ result.load.warm_up_s }} s of
warm-up. The charts are in <a href="locust.html">locust.html</a>.</p>
<h2>Thresholds</h2>
<table>
<tr><th>figure<th class="number">value<th class="number">minimum<th class="number">maximum
<th>verdict
{% for one in result.thresholds -%}
<tr class="{{ one.verdict | replace(" ", "-") }}"><td>{{ one.name }}
<td class="number">{{ shown(one.value) }}<td class="number">{{ shown(one.minimum) }}
<td class="number">{{ shown(one.maximum) }}<td>{{ one.verdict }}
{% endfor -%}
</table>
<h2>The whole load</h2>
<table>
{% for name, what in top -%}
<tr><td>{{ name }}<td class="number">{{ shown(result[name]) }}<td>{{ what }}
{% endfor -%}
</table>
<h2>By request</h2>
<table>
<tr><th>request{% for name in columns %}<th class="number">{{ name }}{% endfor %}
{% for request, figures in result.by_request.items() -%}
<tr><td>{{ request }}{% for name in columns %}<td class="number">{{ shown(figures[name]) }}
{%- endfor %}
{% endfor -%}
</table>
{% if result.notes -%}
<h2>What went wrong</h2>
<table>
{% for what, count in result.notes.items() -%}
<tr><td>{{ what }}<td class="number">{{ count }}
{% endfor -%}
</table>
{% endif -%}
</html>
"""


def render(result: Mapping[str, Any]) -> str:
    """Return the page of the results of a load, with their thresholds."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(_PAGE)
    return page.render(result=result, top=_TOP, columns=_COLUMNS, shown=_shown)


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:,}"
