"""A service with two use cases, of which one has keys of data subjects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from crispml_core.domain.datasets import Stage
from crispml_core.domain.fields import Field
from crispml_core.domain.labels import Label
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, chain_root, new_group_id
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.pipelines.subjects.erasing import Eraser
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.stored_inputs import digest_rows, pack_rows
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.testing.fakes.audit_log import FakeAuditLog
from crispml_core.testing.fakes.dataset_store import FakeDataSetStore
from crispml_core.testing.fakes.erasure_log import FakeErasureLog
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.signer import FakeSigner
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys
from crispml_core.testing.fakes.subject_rows import FakeSubjectRows

KEYS = SecretKeys((SecretKey("k1", b"1" * 32),))
FIELDS = (
    Field("claim", "string"),
    Field("person", "string", privacy="pseudonymise"),
    Field("street", "string", privacy="encrypt", nullable=True),
    Field("amount", "number"),
)


class World:
    """Stores in memory, and what fills them."""

    def __init__(self, toy):
        claims = replace(
            toy,
            name="claims",
            record_key="claim",
            subject_key="person",
            fields=FIELDS,
            prepare=(),
            segments=(),
        )
        people = replace(
            toy,
            name="people",
            record_key="person",
            fields=(Field("person", "string"), Field("amount", "number")),
            prepare=(),
            segments=(),
        )
        self.now = datetime(2026, 5, 1, tzinfo=UTC)
        self.use_cases = {"claims": claims, "people": people}
        self.keys, self.ledger, self.log = FakeSubjectKeys(), FakeScoreLedger(), FakeAuditLog()
        self.vault = SubjectVault(KEYS, self.keys, lambda: self.now)
        self.privacy = Privacy(Secrets(KEYS, KEYS), self.vault)
        self.labels = FakeLabelStore(self.ledger, clock=lambda: self.now)
        self.datasets, self.erasures = FakeDataSetStore(), FakeErasureLog(self.keys)
        self.signer = FakeSigner()
        self.stores = SubjectStores(
            use_cases=self.use_cases,
            privacy=self.privacy,
            rows=FakeSubjectRows(self.ledger),
            keys=self.keys,
            labels=self.labels,
            datasets=self.datasets,
            erasures=self.erasures,
        )
        self.recorder = AuditRecorder(self.log, "qa")

    def eraser(self, signer=None):
        return Eraser(self.stores, self.recorder.record, signer, "qa", lambda: self.now)

    def erase(self, subject, signer=None):
        return self.eraser(signer).erase(subject, requested_by="key:dpo", reason="case 4711")

    def score(self, name, *records):
        """Commit one group with a score of each record."""
        use_case = self.use_cases[name]
        place = use_case.schema.names.index(use_case.record_key)
        keys = [record[place] for record in records]
        private = self.privacy.of(use_case)
        rows = list(records)
        names = [field.name for field in use_case.schema if field.privacy != "drop"]
        scores = ScoreRows(
            record_keys=keys,
            predictions=["yes"] * len(keys),
            probabilities=[0.75] * len(keys),
            segments=["{}"] * len(keys),
            request_ids=["r"] * len(keys),
        )
        if private is not None:
            scores, rows = private.kept(scores, rows)
        group_id, sequence = new_group_id(), len(self.ledger.groups) + 1
        digests = digest_rows(group_id, scores, rows)
        group = ScoreGroup(
            group_id=group_id,
            writer_id=f"w{sequence}",
            sequence=1,
            use_case=name,
            model=name,
            version="v1",
            alias="champion",
            created_at=self.now,
            classes=("no", "yes"),
            scores=scores,
            inputs=pack_rows(names, rows),
            encoding=Encoding.ROWS,
            row_digests=digests,
            root=chain_root(bytes(32), f"w{sequence}", 1, digests),
            previous_root=bytes(32),
        )
        self.ledger.append([group])
        self.now += timedelta(seconds=1)
        return [group.score(row) for row in range(group.rows)]

    def label(self, name, key):
        label = Label(value="yes", label_time=self.now, record_key=key)
        return self.labels.add(name, [label]).label_ids[0]

    def dataset(self, name, table):
        writer = self.datasets.writer(name, Stage.RAW)
        for batch in table.to_batches():
            writer.write(batch)
        return writer.publish().id

    def people(self, *persons):
        return pa.table({"person": list(persons), "amount": [1.0] * len(persons)})


@pytest.fixture
def world(toy):
    made = World(toy)
    yield made
    made.recorder.close()
