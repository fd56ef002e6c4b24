"""The settings of a load test: environment variables with the prefix ``LOADTEST_``.

What the command line takes too has the same name: ``CRISPML_SCORING_URL``,
``CRISPML_TRAINING_URL``, ``CRISPML_API_KEY``, and the files of TLS.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from crispml_core.client import ClientTls
from crispml_core.domain.errors import InvalidInput

PREFIX = "LOADTEST_"
SCORING_URL, TRAINING_URL, API_KEY = (
    "CRISPML_SCORING_URL",
    "CRISPML_TRAINING_URL",
    "CRISPML_API_KEY",
)
TLS_FILES = ("CRISPML_CA_FILE", "CRISPML_CLIENT_CERT_FILE", "CRISPML_CLIENT_KEY_FILE")
SCENARIOS = {
    "single": ("SingleScoring",),
    "batch": ("BatchScoring",),
    "open-inference": ("OpenInference",),
    "mixed": ("MixedLife", "LabelImports", "VerificationReports", "TrainingCycles"),
    "methods": ("NineMethods",),
}
"""The users of each scenario."""
NEED_TRAINING = ("TrainingCycles", "NineMethods")
SHAPES = ("ramp", "steps", "spike", "soak")
ARRIVALS = ("poisson", "even", "closed")


class LoadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One load; every process of it has the same.

    Parameters
    ----------
    use_case : str
        What is scored.
    scenarios : tuple of str
        Out of `SCENARIOS`.
    shape : str
        Out of `SHAPES`: how the rate goes over time.
    rate : float
        Records per second that are due at the height of the shape, of all scenarios together.
    user_rate : float
        Records per second of one user; a user is one connection.
    seconds : float
        How long the load lasts, without the warm-up.
    warm_up_s : float
        How long the load lasts before anything is measured.
    processes : int
        Processes that send, beside the one that collects.
    expect_workers : int
        Workers on other machines that are waited for, in place of processes of this one.
    arrivals : str
        Out of `ARRIVALS`: gaps of chance, as independent callers have them, or even ones; or none,
        so that each user sends as soon as it has an answer.
    batch_rows : int
        Records in one request of the scenario ``batch``.
    invalid_share : float
        Share of the requests that break the record schema and must be refused.
    schema_share : float
        Share of the records that are drawn from the record schema, not from data.
    timeout_s : float
        How long an answer is waited for.
    seed : int
        Of everything that is drawn, but for record keys, which no other load may use.
    series : bool
        Whether planned requests are counted by the second, too.
    label_every_s, report_every_s : float
        How often the scenario ``mixed`` imports labels, and asks for a verification report.
    results : str
        Folder of what Locust leaves behind.
    thresholds : str
        File of the thresholds, or a folder of such files; the shipped one without it.
    key_file : str
        File with the API key; without it, ``CRISPML_API_KEY`` holds the key.
    influx_url, influx_token, influx_org, influx_bucket : str
        Where figures are written while the load lasts; nowhere without an address.
    prometheus_port : int
        Where they are served meanwhile, on loopback; 0 for nowhere.
    """

    use_case: str = "german_credit"
    scenarios: tuple[str, ...] = ("single", "batch", "open-inference", "mixed")
    shape: str = "soak"
    rate: float = 200.0
    user_rate: float = 5.0
    seconds: float = 60.0
    warm_up_s: float = 5.0
    processes: int = 2
    expect_workers: int = 0
    arrivals: str = "poisson"
    batch_rows: int = 50
    invalid_share: float = 0.05
    schema_share: float = 0.1
    timeout_s: float = 30.0
    seed: int = 0
    series: bool = False
    label_every_s: float = 1.0
    report_every_s: float = 5.0
    results: str = ".loadtest"
    thresholds: str = ""
    key_file: str = ""
    influx_url: str = ""
    influx_token: str = ""
    influx_org: str = ""
    influx_bucket: str = "crispml"
    prometheus_port: int = 0

    def __post_init__(self) -> None:
        _check(bool(self.scenarios), "scenarios", "name at least one")
        for name in self.scenarios:
            _check(name in SCENARIOS, "scenarios", f"each must be one of {', '.join(SCENARIOS)}")
        _check(self.shape in SHAPES, "shape", f"must be one of {', '.join(SHAPES)}")
        _check(self.arrivals in ARRIVALS, "arrivals", f"must be one of {', '.join(ARRIVALS)}")
        for name in (
            "rate",
            "user_rate",
            "seconds",
            "timeout_s",
            "label_every_s",
            "report_every_s",
        ):
            _check(getattr(self, name) > 0, name, "must be positive")
        for name in ("processes", "batch_rows"):
            _check(getattr(self, name) >= 1, name, "must be at least 1")
        _check(self.warm_up_s >= 0, "warm_up_s", "must not be negative")
        for name in ("invalid_share", "schema_share"):
            _check(0 <= getattr(self, name) <= 1, name, "must be between 0 and 1")

    def user_classes(self, *, has_training: bool = True) -> tuple[str, ...]:
        """Return the names of the users; without a training service those that need none."""
        return tuple(
            user
            for name in self.scenarios
            for user in SCENARIOS[name]
            if has_training or user not in NEED_TRAINING
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that another process reads these settings from."""
        return {
            f"{PREFIX}{name.upper()}": ",".join(value) if isinstance(value, tuple) else str(value)
            for name, value in msgspec.structs.asdict(self).items()
        }


def read_settings(environment: Mapping[str, str] = os.environ, **given: Any) -> LoadSettings:
    """Return the settings of the environment; what is given counts instead, unless it is None.

    Raises
    ------
    InvalidInput
        If a variable has no meaning or a wrong value; it is named, its value is not.
    """
    found: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX)
    }
    if "scenarios" in found:
        found["scenarios"] = tuple(part.strip() for part in found["scenarios"].split(","))
    found |= {name: value for name, value in given.items() if value is not None}
    try:
        return msgspec.convert(found, LoadSettings, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"settings {PREFIX}*: {error}") from None


def addresses(environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return where training and scoring are; empty texts if the environment names neither."""
    training, scoring = environment.get(TRAINING_URL, ""), environment.get(SCORING_URL, "")
    return training, scoring


def credential(settings: LoadSettings, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the API key; None if there is none."""
    if settings.key_file:
        return Path(settings.key_file).read_text(encoding="ascii").strip()
    return environment.get(API_KEY) or None


def tls(environment: Mapping[str, str] = os.environ) -> ClientTls:
    """Return whom to trust where services speak TLS, as the command line is told."""
    files = (environment.get(name) for name in TLS_FILES)
    return ClientTls(*(Path(file) if file else None for file in files))


def _check(holds: bool, name: str, rule: str) -> None:
    if not holds:
        raise ValueError(f"{name} {rule}")
