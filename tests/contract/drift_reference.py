"""A reference for the use case that the contract of the stores is tested with."""

import numpy as np

from crispml_core.monitoring.drift.reference import fit_reference
from crispml_core.serving.drift_counter import ReferenceCounter

REFERENCE = fit_reference(
    {"amount": [float(number) for number in range(1, 101)], "channel": ["shop", "web"] * 50},
    kinds={"amount": "number", "prediction_probability": "number"},
    predictions={
        "prediction": ["bad", "good"] * 10,
        "prediction_probability": [number / 20 for number in range(20)],
    },
    segments={"sex": np.array(["f", "m"] * 50)},
)
COUNTER = ReferenceCounter(
    lambda use_case, version: REFERENCE if (use_case, version) == ("credit", "v1") else None
)
