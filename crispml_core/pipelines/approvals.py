"""The door of approvals: how a version stands, who decides about it, and breaking the glass."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crispml_core.domain.access import Principal
from crispml_core.domain.approval import (
    ApprovalRefused,
    ChecklistItem,
    DecisionKind,
    VersionApproval,
    VersionDecision,
)
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.domain.identifiers import new_id_text, utc_now
from crispml_core.domain.models import AliasEvent, ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.approval import Approver, approver_of, objection
from crispml_core.pipelines.checklist import checklist_of
from crispml_core.pipelines.fallback import settle_fallback
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.stores import ReadDrift
from crispml_core.pipelines.promotion import check_candidate, move_alias
from crispml_core.pipelines.standing import approval_of, bound_to
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.ports.key_store import KeyStore
from crispml_core.ports.outbox import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStores:
    """What approvals reach the world through.

    Parameters
    ----------
    keys : KeyStore
        Knows who made which key.
    drift : callable
        Gives the drift of the scores of a version.
    """

    training: TrainingStores
    keys: KeyStore
    outbox: Outbox
    drift: ReadDrift


class Approvals:
    """What people decide about versions of one environment."""

    def __init__(
        self, use_cases: Mapping[str, UseCase], stores: ApprovalStores, messages: Messages
    ) -> None:
        self._use_cases, self._stores, self._messages = use_cases, stores, messages

    def read(self, model: str, version: str, principal: Principal) -> VersionApproval:
        """Return the checklist of a version, and what was decided about it.

        Raises
        ------
        NotFound
            If there is no such version, or its use case is not installed.
        """
        training = self._stores.training
        manifest = training.models.get(model, version)
        digest, report = bound_to(training, model, version)
        items = self._checklist(manifest)
        decisions = training.approvals.decisions(model, version)
        holds = approval_of(training, model, version)
        return VersionApproval(
            model=model,
            version=version,
            digest=digest,
            report_digest=report,
            environment=training.rules.environment,
            trained_by=manifest.trained_by,
            is_needed=training.rules.asks_approval,
            approval_id=None if holds is None else holds.approval_id,
            objection=objection(items, (), manifest.trained_by, self._approver(principal)),
            checklist=list(items),
            decisions=decisions,
            void=[
                one.approval_id
                for one in decisions
                if (one.digest, one.report_digest) != (digest, report)
            ],
        )

    def decide(
        self,
        model: str,
        version: str,
        principal: Principal,
        *,
        approve: bool,
        reason: str,
        accept: Collection[str] = (),
    ) -> VersionDecision:
        """Approve or refuse a version, bound to its bytes and its report.

        An imported version that is approved becomes fallback where prod has none yet.

        Parameters
        ----------
        principal : Principal
            Who decides; that they have the role is for whoever calls this to know.
        accept : collection of str
            Items of the checklist that are undecided and shall not stand in the way.

        Raises
        ------
        NotFound
            If there is no such version, or its use case is not installed.
        InvalidInput
            If there is no reason.
        ApprovalRefused
            If the checklist or four eyes stand against an approval; the text says what.
        """
        training = self._stores.training
        manifest = training.models.get(model, version)
        items = self._checklist(manifest)
        if approve:
            against = objection(items, accept, manifest.trained_by, self._approver(principal))
            if against is not None:
                raise ApprovalRefused(against)
        kind = DecisionKind.APPROVAL if approve else DecisionKind.REFUSAL
        evidence = {
            "checklist": [asdict(item) for item in items],
            "accepted": sorted(accept),
            "trained_by": list(manifest.trained_by),
        }
        decided = self._keep(kind, model, version, principal, reason, evidence)
        if approve:
            settle_fallback(training, self._use_case(model), version)
        return decided

    def ensure(self, model: str, version: str, principal: Principal, *, reason: str) -> None:
        """Approve a version where the environment asks for that and nobody did.

        Raises
        ------
        ApprovalRefused
            See `decide`.
        """
        training = self._stores.training
        if training.rules.asks_approval and approval_of(training, model, version) is None:
            why = reason.strip() or "a rule asked for the promotion"
            self.decide(model, version, principal, approve=True, reason=why)

    def break_glass(
        self,
        model: str,
        alias: str,
        version: str,
        principal: Principal,
        *,
        reason: str,
        expected: str | None,
    ) -> AliasEvent:
        """Let a version answer without an approval, loudly.

        It stands for the second pair of eyes and for nothing else: gates, verdicts and what qa has
        to say hold as ever. It is written down and told before the alias moves.

        Raises
        ------
        InvalidInput
            If there is no reason, or the alias answers nobody here.
        PromotionRefused, PreconditionFailed, PreconditionRequired, NotFound
            As for every move of an alias.
        """
        training, use_case = self._stores.training, self._use_case(model)
        if not (training.rules.asks_approval and training.rules.concerns(alias)):
            raise InvalidInput("alias: it needs no approval here, so move it as usual")
        glass = self._made(
            DecisionKind.BREAK_GLASS, model, version, principal, reason, {"alias": alias}
        )
        check_candidate(training, model, version, use_case, glass)
        glass = training.approvals.add(glass)
        self._stores.outbox.add(self._messages.decision(glass))
        moved = move_alias(
            training,
            model,
            alias,
            version,
            expected=expected,
            moved_by=principal.name,
            reason=f"break-glass: {reason}",
            use_case=use_case,
            glass=glass,
        )
        training.project_aliases(model)
        return moved

    def _keep(
        self,
        kind: DecisionKind,
        model: str,
        version: str,
        principal: Principal,
        reason: str,
        evidence: dict[str, Any],
    ) -> VersionDecision:
        decision = self._made(kind, model, version, principal, reason, evidence)
        kept = self._stores.training.approvals.add(decision)
        self._stores.outbox.add(self._messages.decision(kept))
        return kept

    def _made(
        self,
        kind: DecisionKind,
        model: str,
        version: str,
        principal: Principal,
        reason: str,
        evidence: dict[str, Any],
    ) -> VersionDecision:
        if not reason.strip():
            raise InvalidInput("reason: say why; it is kept with the decision")
        training = self._stores.training
        digest, report = bound_to(training, model, version)
        return VersionDecision(
            approval_id=new_id_text(),
            model=model,
            version=version,
            digest=digest,
            report_digest=report,
            environment=training.rules.environment,
            kind=kind,
            decided_by=principal.name,
            decided_at=utc_now(),
            reason=reason,
            evidence=evidence,
        )

    def _checklist(self, manifest: ModelVersion) -> tuple[ChecklistItem, ...]:
        use_case = self._use_case(manifest.model)
        return checklist_of(self._stores.training, self._stores.drift, use_case, manifest)

    def _approver(self, principal: Principal) -> Approver:
        return approver_of(principal, self._stores.keys.list())

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]
