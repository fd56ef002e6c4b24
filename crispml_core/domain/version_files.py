"""Names of the files of a model version, beside its manifest."""

from __future__ import annotations

MODEL_FILE = "model.skops"
COMPILED_FILE = "compiled.bin"
REPORT_FILE = "report.json"
REPORT_PAGE = "report.html"
GOLDEN_FILE = "golden.json"
REFERENCE_FILE = "reference.json"
