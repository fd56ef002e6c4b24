"""The dashboards as the files that Grafana reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards import load_test, methods, models, operations

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
DASHBOARDS = {
    "operations": operations.build,
    "methods": methods.build,
    "models": models.build,
    "load_test": load_test.build,
}


# The SDK writes these although Grafana knows them no more, or for intervals only.
_OF_NO_DASHBOARD, _OF_NO_VARIABLE = ("style",), ("id", "auto", "auto_min", "auto_count")


def texts() -> Mapping[str, str]:
    """Return the text of every file by its name."""
    return {f"{name}.json": _text(build()) for name, build in DASHBOARDS.items()}


def _text(dashboard: Dashboard) -> str:
    document = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    for key in _OF_NO_DASHBOARD:
        del document[key]
    for variable in document["templating"]["list"]:
        for key in _OF_NO_VARIABLE:
            del variable[key]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def write() -> None:
    """Write every file, and remove those that have no dashboard any more."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = texts()
    for file in FOLDER.glob("*.json"):
        if file.name not in found:
            file.unlink()
    for name, text in found.items():
        (FOLDER / name).write_text(text)
