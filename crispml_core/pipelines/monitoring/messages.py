"""What the webhook is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.alerts import Delivery, Evaluation, TriggerAction
from crispml_core.domain.approval import VersionDecision
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.webhooks import cloud_event
from crispml_core.governance.rules.decisions import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """Makes the messages of one environment; none where there is no webhook.

    Parameters
    ----------
    environment : str
        Part of the source of every event.
    wanted : bool
        Whether there is a webhook.
    """

    environment: str = "dev"
    wanted: bool = False

    def alert(self, kind: str, decision: Decision, evaluation: Evaluation) -> list[Delivery]:
        """Return the message that an alert begins or ends: ``firing`` or ``resolved``."""
        data = {
            "rule": decision.rule,
            "severity": decision.severity,
            "summary": decision.summary,
            "champion": evaluation.champion,
            "evaluation_id": evaluation.id,
            "evaluated_at": evaluation.at.isoformat(),
            "evidence": dict(evaluation.evidence),
            "action": decision.act,
            "held": decision.held,
        }
        return self._message(f"alert.{kind}", evaluation.use_case, decision.rule, data)

    def action(self, kind: str, action: TriggerAction) -> list[Delivery]:
        """Return the message about an action, for example ``retraining.submitted``."""
        data = {
            "rule": action.rule,
            "evaluation_id": action.evaluation_id,
            "status": str(action.status),
            "run_id": action.run_id,
            "version": action.version,
            "detail": action.detail,
            "reason": action.reason,
            "evidence": action.evidence,
            "action_id": action.id,
            "decided_by": action.decided_by,
        }
        return self._message(kind, action.use_case, action.rule, data)

    def decision(self, decision: VersionDecision) -> list[Delivery]:
        """Return the message about a decision, for example ``version.break_glass``."""
        data = {
            "version": decision.version,
            "digest": decision.digest,
            "decided_by": decision.decided_by,
            "reason": decision.reason,
            "approval_id": decision.approval_id,
            "alias": decision.evidence.get("alias"),
        }
        return self._message(f"version.{decision.kind}", decision.model, decision.version, data)

    def _message(
        self, kind: str, use_case: str, subject: str, data: Mapping[str, Any]
    ) -> list[Delivery]:
        if not self.wanted:
            return []
        now, message_id = utc_now(), str(new_id())
        event = cloud_event(
            message_id,
            kind,
            source=f"/crispml/{self.environment}/{use_case}",
            subject=subject,
            time=now,
            data={"use_case": use_case, **data},
        )
        return [
            Delivery(
                id=message_id,
                use_case=use_case,
                type=event["type"],
                created_at=now,
                event=event,
                next_attempt_at=now,
            )
        ]
