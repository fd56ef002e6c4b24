"""ModelPersist packs a version that proves itself."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from crispml_core.domain.compiled import LinearCore, Plan
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.version_files import COMPILED_FILE, GOLDEN_FILE, MODEL_FILE, REFERENCE_FILE
from crispml_core.methods.model_persist import ModelPersist, draft_version
from crispml_core.monitoring.drift.reference import Reference
from crispml_core.tables.compiled_form import Candidate

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
LINEAR = Plan(
    columns=(), outputs=1, linear=LinearCore(link="logit", intercepts=(0.0,), weights=((),))
)


def pack(toy, trained, compiled="nobody compiled it", test=None):
    test = trained.prepared if test is None else test
    return ModelPersist(toy).run(
        trained.scorer, b"model bytes", {"report.json": b"{}"}, test, compiled
    )


def candidate(trained, change=lambda answers: answers):
    """A compiled form that answers like the model, but for a change."""
    scorer = SimpleNamespace(
        plan=LINEAR,
        manifest=trained.scorer.manifest,
        answer_rows=lambda rows: change(trained.scorer.answer_rows(rows)),
        answer_columns=lambda batch: change(trained.scorer.answer_columns(batch)),
    )
    return Candidate(scorer, b"plan bytes")


def shifted(by):
    return lambda answers: replace(
        answers, probabilities=[p if p > 0.9 else p + by for p in answers.probabilities]
    )


def test_a_package_holds_model_report_and_fifty_golden_records(toy, trained):
    package = pack(toy, trained)
    assert set(package.files) == {MODEL_FILE, GOLDEN_FILE, "report.json"}
    golden = json.loads(package.files[GOLDEN_FILE])
    assert package.manifest.golden_rows == len(golden["records"]) == 50
    first = golden["records"][0]
    assert set(first) == set(toy.schema.names)
    assert isinstance(first["items"], int)
    assert sum(golden["probabilities"][0]) == pytest.approx(1)
    assert set(golden["decisions"]) <= {"yes", "no"}


def test_a_version_without_a_compiled_form_says_why(toy, trained):
    form = pack(toy, trained, "the curation holds a PCA").manifest.compiled
    assert (form.kind, form.reason) == (None, "the curation holds a PCA")


def test_a_compiled_form_that_answers_alike_serves(toy, trained):
    package = pack(toy, trained, candidate(trained, shifted(1e-10)))
    form = package.manifest.compiled
    assert package.files[COMPILED_FILE] == b"plan bytes"
    assert (form.kind, form.reason, form.tolerance) == ("linear", "", 1e-9)
    assert form.deviation == pytest.approx(1e-10, rel=1e-3)
    assert form.rows == 50 + len(trained.prepared)


def test_golden_answers_are_those_of_what_serves(toy, trained):
    plain = json.loads(pack(toy, trained).files[GOLDEN_FILE])
    package = pack(toy, trained, candidate(trained, shifted(1e-7)))
    golden = json.loads(package.files[GOLDEN_FILE])
    assert golden["probabilities"] != plain["probabilities"]


def broken(answers):
    raise UseCaseError("toy", "predict", "field items is missing")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (shifted(1e-5), "deviates by 1e-05"),
        (shifted(float("nan")), "deviates by inf"),
        (
            lambda answers: replace(answers, predictions=["no", *answers.predictions[1:]]),
            "decides one record differently",
        ),
        (lambda answers: replace(answers, segments=["{}"] * len(answers.segments)), "differently"),
        (broken, "one of both refuses a record"),
    ],
)
def test_a_compiled_form_that_answers_otherwise_does_not_serve(toy, trained, change, reason):
    def yes_first(answers):
        return replace(answers, predictions=["yes", *answers.predictions[1:]])

    trained = replace(trained, scorer=candidate(trained, yes_first).scorer)
    package = pack(toy, trained, candidate(trained, change))
    assert package.manifest.compiled.kind is None
    assert reason in package.manifest.compiled.reason
    assert COMPILED_FILE not in package.files
    assert json.loads(package.files[GOLDEN_FILE])["decisions"][0] == "yes"


def test_the_manifest_ties_the_version_to_everything_behind_it(toy, trained):
    manifest = draft_version(toy, trained.facts, b"model bytes", NOW)
    assert manifest.version.startswith("20260301-123015-")
    assert manifest.use_case_digest == toy.digest
    assert manifest.lineage == trained.facts.lineage
    assert manifest.classes == ("no", "yes")
    assert manifest.schema["record_key"] == "order_id"


def test_versions_sort_by_time_and_differ_by_content(toy, trained):
    early = draft_version(toy, trained.facts, b"a", NOW).version
    late = draft_version(toy, trained.facts, b"a", NOW + timedelta(seconds=1)).version
    other = draft_version(toy, trained.facts, b"b", NOW).version
    assert early < late
    assert early != other


def test_without_a_record_there_is_no_version(toy, trained):
    with pytest.raises(InvalidInput, match="golden"):
        pack(toy, trained, test=trained.prepared.head(0))


def test_a_version_keeps_what_drift_is_measured_from(toy, trained):
    train, test = trained.prepared.head(300), trained.prepared.tail(200)
    package = ModelPersist(toy).run(
        trained.scorer, b"model bytes", {}, test, "nobody compiled it", train
    )
    reference = Reference.from_bytes(package.files[REFERENCE_FILE])
    kept = {name for name in toy.schema.clear if name != toy.record_key}
    assert {field.name for field in reference.fields if field.role == "input"} == kept
    assert {field.name: field.bins.kind for field in reference.fields if field.role != "input"} == {
        "prediction": "category",
        "prediction_probability": "number",
    }
    for position, field in enumerate(reference.fields):
        cells = reference.part(reference.counts[""], position)[: field.bins.cells]
        # The model is surer about what it was fitted on, so its answers to others count.
        assert cells.sum() == (300 if field.role == "input" else 200)
    assert reference.label_counts.rows == 300
    by_group = [counts.rows for key, counts in reference.counts.items() if key]
    assert sum(by_group) == 300 * len(toy.segments)


def test_golden_records_have_nobodys_values_in_private_fields(toy, trained):
    fields = tuple(
        replace(field, privacy={"order_id": "pseudonymise", "amount": "encrypt"}[field.name])
        if field.name in ("order_id", "amount")
        else field
        for field in toy.fields
    )
    package = pack(replace(toy, fields=fields, segments=()), trained)

    records = json.loads(package.files[GOLDEN_FILE])["records"]
    real = trained.prepared
    assert not {each["order_id"] for each in records} & set(real["order_id"])
    assert not {each["amount"] for each in records} & set(real["amount"])
    assert [each["items"] for each in records] == real["items"].head(50).tolist()
