"""Whether a version may be approved, by whom, and what an approval is worth later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.access import EVERYBODY, ApiKey, Principal
from crispml_core.domain.approval import (
    ApprovalPolicy,
    ChecklistItem,
    DecisionKind,
    VersionDecision,
)
from crispml_core.domain.drift import STATISTICS
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import MET, NOT_MET, UNDECIDED, check_gates

_OF_FAIRNESS = {"fair": MET, "unfair": NOT_MET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who wants to approve.

    Parameters
    ----------
    name : str
        Name of the principal.
    key_makers : set of str
        Who made the API key that they ask with, who made the key of those, and so on; empty where
        there is none.
    made : set of str
        Names of all keys that they made, or that were made with one of these.
    """

    name: str
    key_makers: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()


def checklist(
    use_case: UseCase,
    manifest: ModelVersion,
    *,
    report: Mapping[str, Any] | None,
    unfit: str | None = None,
    drift: Mapping[str, Any] | None = None,
) -> tuple[ChecklistItem, ...]:
    """Hold what is known about a version against the approval policy of its use case.

    Parameters
    ----------
    use_case : UseCase
        The definition that is installed.
    report : mapping or None
        The content of the training report; None when it cannot be read.
    unfit : str or None
        Why the version is judged unfit to answer, if it is.
    drift : mapping or None
        The drift of its scores, see ``docs/drift.md``; None when nobody could be asked.
    """
    policy = use_case.approval
    return (
        _definition(use_case, manifest),
        _report(report),
        *_gates(use_case, manifest),
        *(_fairness(use_case, report) if policy.fairness else ()),
        *(() if policy.drift_days is None else (_drift(policy.drift_days, drift),)),
        _golden(policy, manifest),
        _health(unfit),
        *(_documentation(use_case) if policy.documentation else ()),
    )


def objection(
    items: Sequence[ChecklistItem],
    accepted: Iterable[str],
    trained_by: Collection[str],
    approver: Approver,
) -> str | None:
    """Return why somebody cannot approve a version, or None when they can.

    An item that is not met cannot be passed over. One that is undecided can, by a person who names
    it. That somebody else trained the version must be known.

    Parameters
    ----------
    accepted : iterable of str
        Names of items that are undecided and shall not stand in the way.
    trained_by : collection of str
        Who trained the version, as its manifest says; empty when nobody knows.
    """
    against = independence(trained_by, approver)
    if against is not None:
        return against
    accepted = set(accepted)
    unknown = sorted(accepted - {item.name for item in items})
    if unknown:
        return "accept: only items of the checklist can be accepted, by their names"
    for verdict, hint in (
        (NOT_MET, "the checklist is not met"),
        (UNDECIDED, "not decided, and not accepted by name"),
    ):
        open_items = [
            f"{item.name} ({item.reason})"
            for item in items
            if item.verdict == verdict and (verdict == NOT_MET or item.name not in accepted)
        ]
        if open_items:
            return f"{hint}: {'; '.join(open_items)}"
    return None


def independence(trained_by: Collection[str], approver: Approver) -> str | None:
    """Return why somebody is not a second pair of eyes, or None when they are.

    Whoever made the key that somebody asks with could ask with it too, however many keys lie
    between.
    """
    if approver.name == EVERYBODY.name:
        return "authentication is off, so nobody can be told from whoever trained the version"
    if not trained_by:
        return "nobody knows who trained the version; train it again with authentication on"
    if approver.name in trained_by:
        return "who trained a version cannot approve it"
    if not approver.key_makers.isdisjoint(trained_by):
        return "whoever trained the version made the key that asks, so it cannot approve it"
    if not approver.made.isdisjoint(trained_by):
        return "whoever asks made the key that trained the version, so they cannot approve it"
    return None


def approver_of(principal: Principal, keys: Iterable[ApiKey]) -> Approver:
    """Return what four eyes want to know about somebody.

    Parameters
    ----------
    keys : iterable of ApiKey
        All there ever were. A name that was held twice counts for both of its holders.
    """
    made_by: dict[str, set[str]] = defaultdict(set)
    made: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        made_by[key.principal.name].add(key.created_by)
        made[key.created_by].add(key.principal.name)
    return Approver(
        name=principal.name,
        key_makers=_reached(principal.name, made_by),
        made=_reached(principal.name, made),
    )


def _reached(name: str, steps: Mapping[str, set[str]]) -> frozenset[str]:
    """Return the names that lie behind one, however many steps away."""
    found: set[str] = set()
    waiting = set(steps.get(name, ()))
    while waiting:
        found.add(now := waiting.pop())
        waiting |= steps.get(now, set()) - found
    return frozenset(found)


def standing(
    decisions: Iterable[VersionDecision], environment: str, digest: str, report_digest: str
) -> VersionDecision | None:
    """Return the approval that holds for these bytes and this report here, if there is one.

    Parameters
    ----------
    decisions : iterable of VersionDecision
        About one version, oldest first. A refusal ends the approvals before it.
    """
    found: VersionDecision | None = None
    bound = (environment, digest, report_digest)
    for decision in decisions:
        is_bound = (decision.environment, decision.digest, decision.report_digest) == bound
        if is_bound and decision.kind is not DecisionKind.BREAK_GLASS:
            found = decision if decision.kind is DecisionKind.APPROVAL else None
    return found


def _definition(use_case: UseCase, manifest: ModelVersion) -> ChecklistItem:
    same = use_case.digest == manifest.use_case_digest
    reason = (
        "the version was trained for the definition that is installed"
        if same
        else "the version was trained for another definition of the use case"
    )
    return ChecklistItem(name="definition", verdict=MET if same else NOT_MET, reason=reason)


def _report(report: Mapping[str, Any] | None) -> ChecklistItem:
    return ChecklistItem(
        name="report",
        verdict=NOT_MET if report is None else MET,
        reason="the training report of the version is missing or damaged"
        if report is None
        else "the training report is the one that the version names",
    )


def _gates(use_case: UseCase, manifest: ModelVersion) -> list[ChecklistItem]:
    gates = dict.fromkeys((*use_case.gates, *use_case.approval.gates))
    found = check_gates(tuple(gates), manifest.kpis.get("test", {}))
    return [
        ChecklistItem(
            name=f"gate {gate.kpi}",
            verdict=MET if gate.passed else UNDECIDED if gate.value is None else NOT_MET,
            reason=f"{gate.bound} on test; {gate.reason or f'it is {gate.value:.4g}'}",
        )
        for gate in found
    ]


def _fairness(use_case: UseCase, report: Mapping[str, Any] | None) -> list[ChecklistItem]:
    declared = use_case.monitoring.fairness
    found = ((report or {}).get("fairness") or {}).get("attributes", ())
    looked_at = {(one["segment"], one["favourable"]): one for one in found}
    items = []
    for fair in declared:
        one = looked_at.get((fair.segment, fair.favourable))
        verdict = UNDECIDED if one is None else _OF_FAIRNESS.get(one["verdict"], UNDECIDED)
        reasons = ["the training report does not look at it"] if one is None else one["reasons"]
        name = " ".join(filter(None, ("fairness", fair.segment, fair.favourable)))
        items.append(
            ChecklistItem(
                name=name,
                verdict=verdict,
                reason="; ".join(reasons) or "all groups are within what is tolerated on test",
            )
        )
    return items


def _drift(days: int, drift: Mapping[str, Any] | None) -> ChecklistItem:
    if drift is None or drift.get("reason"):
        why = "nobody could be asked" if drift is None else drift["reason"]
        return ChecklistItem(name="drift", verdict=UNDECIDED, reason=f"the last {days} days: {why}")
    alerts = [name for name in STATISTICS if drift["worst"].get(name, {}).get("alert")]
    return ChecklistItem(
        name="drift",
        verdict=NOT_MET if alerts else MET,
        reason=f"the last {days} days: "
        + (f"beyond the threshold of {', '.join(alerts)}" if alerts else "within all thresholds"),
    )


def _golden(policy: ApprovalPolicy, manifest: ModelVersion) -> ChecklistItem:
    enough = manifest.golden_rows >= policy.golden_records
    return ChecklistItem(
        name="golden records",
        verdict=MET if enough else NOT_MET,
        reason=f"{manifest.golden_rows} of at least {policy.golden_records}",
    )


def _health(unfit: str | None) -> ChecklistItem:
    return ChecklistItem(
        name="health",
        verdict=MET if unfit is None else NOT_MET,
        reason="the version is not judged unfit" if unfit is None else f"judged unfit: {unfit}",
    )


def _documentation(use_case: UseCase) -> list[ChecklistItem]:
    policy = use_case.approval
    bare = [field.name for field in use_case.schema if not field.description.strip()]
    written = {
        "owner": (bool(policy.owner.strip()), "declare approval.owner in the use case"),
        "intended use": (
            bool(policy.intended_use.strip() or use_case.description.strip()),
            "declare approval.intended_use or a description of the use case",
        ),
        "fields": (not bare, f"describe {', '.join(bare)}"),
    }
    return [
        ChecklistItem(
            name=f"documentation of {name}" if name == "fields" else name,
            verdict=MET if is_there else NOT_MET,
            reason="written down" if is_there else missing,
        )
        for name, (is_there, missing) in written.items()
    ]
