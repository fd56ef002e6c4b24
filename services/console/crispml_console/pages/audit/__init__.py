"""The page of the audit log and of access: entries, verification, keys, roles, retention."""

from __future__ import annotations

from crispml_console.pages.audit import entries, keys, retention, roles, verification
from crispml_console.parts.page import Page
from crispml_console.parts.sections import Section, Sections

_SECTIONS = Sections(
    "audit",
    (
        # The chain is of no use case, so nobody sees a part of it.
        Section(
            "",
            "Audit log",
            entries.body,
            entries.serve,
            lambda place: place.visitor.may("audit"),
        ),
        Section(
            "verification",
            "Verification",
            verification.body,
            verification.serve,
            lambda place: place.visitor.may("audit"),
        ),
        Section(
            "keys",
            "API keys",
            keys.body,
            keys.serve,
            lambda place: place.visitor.may_somewhere("manage-keys"),
        ),
        Section("roles", "Roles", roles.body, roles.serve),
        Section(
            "retention",
            "Retention",
            retention.body,
            retention.serve,
            lambda place: place.visitor.may("retain"),
        ),
    ),
)

_NEEDS = ("audit", "manage-keys", "retain")
PAGE = Page("audit", "Audit and access", "audit", _SECTIONS.body, _SECTIONS.serve, needs=_NEEDS)
