"""Versions of what a prediction depends on."""

from __future__ import annotations

import platform
from importlib.metadata import version

_DISTRIBUTIONS = (
    "crispml-core",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
)


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that take part in a prediction."""
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _DISTRIBUTIONS},
    }
