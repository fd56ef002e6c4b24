"""What a reader of the dashboards can choose."""

from __future__ import annotations

from scripts.dashboards.frame import variable
from scripts.dashboards.promql import values
from scripts.dashboards.registered import metric

_SERVICES = metric("crispml_service_info")
_USE_CASES = metric("crispml_fallback_serving")
_SCORES = metric("crispml_scores_total")

ENVIRONMENT = variable(
    "environment", "Environment", values(_SERVICES, "environment"), several=False
)
INSTANCE = variable(
    "instance", "Process", values(_SERVICES, "instance", environment="$environment")
)
USE_CASE = variable("use_case", "Use case", values(_USE_CASES, "use_case", instance="$instance"))
VERSION = variable(
    "version",
    "Version",
    values(_SCORES, "version", instance="$instance", use_case="$use_case"),
)
