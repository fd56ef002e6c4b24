"""A released model whose life is played in memory: scores, labels, rules and evaluations."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crispml_core import Gate, Monitoring, Retraining
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.runs import CYCLE, MONITOR, Run, RunStatus
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id
from crispml_core.methods.model_persist import draft_version
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.monitor import Monitor
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.deeds import FakeDeeds
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger

DAY = timedelta(days=1)


class World:
    """A champion that scored, labels that came, and the rules over them; time is given."""

    def __init__(self, toy, facts, training, *rules, **policy):
        promotion = policy.pop("promotion", "approval")
        monitoring = Monitoring(
            rules=rules, retraining=Retraining(**policy), min_group=10, promotion=promotion
        )
        self.use_case = replace(toy, monitoring=monitoring, gates=(Gate("auc", minimum=0.7),))
        self.now = self.start = utc_now() - 200 * DAY
        clock = self.clock = lambda: self.now
        self.outbox, self.ledger = FakeOutbox(), FakeScoreLedger()
        self.findings = FakeMonitorStore(self.outbox)
        self.deeds = FakeDeeds()
        self.stores = MonitorStores(
            ledger=self.ledger,
            labels=FakeLabelStore(self.ledger, clock=clock),
            reports=FakeReportStore(),
            training=replace(training, aliases=FakeAliasLog(clock=clock)),
            runs=FakeRunStore(),
            monitor=self.findings,
            drift=lambda use_case, **period: self.drift,
            challenge=lambda use_case, at: self.challenge,
            check_cycle=lambda use_case, method, given: dict(given),
            deeds=self.deeds,
        )
        self.facts = facts
        self.models, self.aliases = training.models, self.stores.training.aliases
        self.drift: dict[str, Any] = {"reason": "no scores", "fields": [], "alerts": []}
        self.challenge: dict[str, Any] = {"reason": "no such alias"}
        self._groups = 0

    @property
    def monitor(self):
        messages = Messages(environment="qa", wanted=True)
        return Monitor({"toy": self.use_case}, self.stores, messages)

    def promote(self):
        version = self.publish(b"bytes")
        self.aliases.move("toy", CHAMPION, version, expected=None)
        return version

    def publish(self, content, auc=0.9):
        """Publish a version without moving an alias."""
        facts = replace(self.facts, kpis={"select": {}, "test": {"auc": auc}})
        version = draft_version(self.use_case, facts, content, self.now)
        self.models.publish(version, {})
        return version.version

    def score(self, version, right, rows=40):
        """Score records and label them: with AUC 1 when right, with AUC 0 when not."""
        self._groups += 1
        keys = [f"{self._groups}-{n}" for n in range(rows)]
        truth = ["yes" if n % 2 else "no" for n in range(rows)]
        surely = [0.9 if (label == "yes") is right else 0.1 for label in truth]
        self.ledger.append(
            [
                ScoreGroup(
                    group_id=new_group_id(),
                    writer_id="w",
                    sequence=self._groups,
                    use_case="toy",
                    model="toy",
                    version=version,
                    alias=CHAMPION,
                    created_at=self.now,
                    classes=("no", "yes"),
                    scores=ScoreRows(
                        record_keys=keys,
                        predictions=["yes" if p > 0.5 else "no" for p in surely],
                        probabilities=surely,
                        segments=['{"channel":"web","size":"< 100"}'] * rows,
                        request_ids=["r"] * rows,
                    ),
                    inputs=b"",
                    encoding=Encoding.ROWS,
                    row_digests=bytes(32 * rows),
                    root=hashlib.sha256().digest(),
                    previous_root=bytes(32),
                )
            ]
        )
        self.now += timedelta(hours=1)
        labels = [
            Label(value=label, label_time=self.now, record_key=key)
            for key, label in zip(keys, truth, strict=True)
        ]
        self.stores.labels.add("toy", labels)

    def a_run(self, method=MONITOR, **parameters):
        complete = self.monitor.check("toy", method, parameters)
        return Run(
            id=str(new_id()),
            use_case="toy",
            method=method,
            status=RunStatus.RUNNING,
            parameters=complete,
            created_at=utc_now(),
            timeout_s=60,
        )

    def evaluate(self, at=None):
        return self.monitor.execute(self.a_run(at=(at or self.now).isoformat()))

    def messages(self):
        return [message.type.split(".", 2)[2] for message in reversed(self.outbox.find())]

    def cycles(self):
        return self.stores.runs.find(methods=(CYCLE,))

    def end_cycle(self, status=RunStatus.SUCCEEDED, **result):
        run = self.stores.runs.lease("w", 60, (CYCLE,))
        self.stores.runs.finish(run.id, "w", status, result=result)


@pytest.fixture
def world(toy, trained, make_stores):
    def make(*rules, **policy):
        training = make_stores(libraries=dict, project_aliases=lambda model: None)
        return World(toy, trained.facts, training, *rules, **policy)

    return make
