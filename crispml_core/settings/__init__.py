"""Typed settings, read once from the environment by whoever starts a process.

Every setting is ``CRISPML_<CONCERN>__<FIELD>``, for example ``CRISPML_DATABASE__URL``. `load` is
the only module that reads environment variables; the others have a group of concerns each.
``.env.example`` lists all settings; a test keeps it and the README true.
"""

from __future__ import annotations

from crispml_core.settings.governance import MonitorSettings, PromotionSettings
from crispml_core.settings.load import CrispMLSettings, child_environment, load_settings
from crispml_core.settings.retention import RetentionSettings
from crispml_core.settings.security import (
    AuditSettings,
    AuthSettings,
    EncryptionSettings,
    PrivacySettings,
    SigningSettings,
)
from crispml_core.settings.services import (
    BatchSettings,
    ClockSettings,
    ComputeSettings,
    RunSettings,
    ScoringSettings,
    ServerSettings,
)
from crispml_core.settings.stores import DatabaseSettings, JournalSettings, RegistrySettings
from crispml_core.settings.watching import (
    InfluxSettings,
    LogSettings,
    TimingSettings,
    TracingSettings,
)

__all__ = [
    "AuditSettings",
    "AuthSettings",
    "BatchSettings",
    "ClockSettings",
    "ComputeSettings",
    "CrispMLSettings",
    "DatabaseSettings",
    "EncryptionSettings",
    "InfluxSettings",
    "JournalSettings",
    "LogSettings",
    "MonitorSettings",
    "PrivacySettings",
    "PromotionSettings",
    "RegistrySettings",
    "RetentionSettings",
    "RunSettings",
    "ScoringSettings",
    "ServerSettings",
    "SigningSettings",
    "TimingSettings",
    "TracingSettings",
    "child_environment",
    "load_settings",
]
