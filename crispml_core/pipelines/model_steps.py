"""Methods 4 to 6 between the stores: each takes ids and gives ids."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pandas as pd

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.datasets import SPLIT_COLUMN, TEST, TRAIN
from crispml_core.domain.errors import InvalidInput, RegistryDamaged
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import Artefact, ArtefactKind, Lineage, ModelVersion
from crispml_core.domain.search import Search
from crispml_core.domain.version_files import MODEL_FILE, REPORT_FILE, REPORT_PAGE
from crispml_core.methods.model_persist import ModelFacts, ModelPersist, draft_version
from crispml_core.methods.model_report import ModelReport, ReportInput
from crispml_core.methods.model_training import ModelTraining
from crispml_core.pipelines.assessed_parts import assess_parts, pipeline_from
from crispml_core.pipelines.data_steps import CURATION_FILE
from crispml_core.pipelines.matrices import read_matrix
from crispml_core.pipelines.searched_folds import folds_of
from crispml_core.pipelines.workplace import Workplace
from crispml_core.ports.model_compiler import NotCompilable
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.serving.pipeline_scorer import PipelineScorer, pipeline_of
from crispml_core.tables.compiled_form import Candidate
from crispml_core.tables.features import features


def train(
    work: Workplace,
    curation_id: str,
    hyperparameters: dict[str, Any],
    seed: int,
    search: Search | None,
) -> Artefact:
    """Fit a model on a curated data set."""
    curation = work.stores.artefacts.get(curation_id, ArtefactKind.CURATION)
    algorithm = work.use_case.algorithm(curation.facts["algorithm"])
    with work.recorder.method("model-training", algorithm.name) as step:
        curated = read_matrix(work, curation.facts["curated_id"])
        prepared_id = curation.facts["prepared_id"]
        fitted = ModelTraining(work.use_case, algorithm).run(
            curated,
            hyperparameters=hyperparameters,
            seed=seed,
            search=search,
            prepared=work.split(prepared_id, TRAIN) if search else None,
            folds=partial(folds_of, work, step, prepared_id, algorithm.name, search, seed),
            progress=step.progress,
        )
        codec = work.stores.codec(work.use_case)
        transformer = codec.loads(
            work.stores.artefacts.read(curation_id, CURATION_FILE),
            curation.facts["trusted_types"],
        )
        content, types = codec.dumps(pipeline_of(transformer, fitted.estimator))
        step.rows = int((curated.split == TRAIN).sum())
        artefact = work.publish(
            ArtefactKind.MODEL,
            parents=(curation_id,),
            facts={
                **curation.facts,
                "curation_id": curation_id,
                "trusted_types": types,
                "hyperparameters": fitted.hyperparameters,
                "seed": seed,
                "threshold": fitted.threshold,
                "kpis": fitted.kpis,
                "search": fitted.search,
                "notes": fitted.notes,
                "conformal": fitted.conformal.to_dict() if fitted.conformal else None,
                "trained_by": work.asked_by,
            },
            files={MODEL_FILE: content},
        )
        step.output = {"model_id": artefact.id}
    return artefact


def report(work: Workplace, model_id: str) -> Artefact:
    """Evaluate a model on ``test``, through the code that will answer new records."""
    model = work.stores.artefacts.get(model_id, ArtefactKind.MODEL)
    facts = model.facts
    with work.recorder.method("model-report", facts["algorithm"]) as step:
        pipeline = pipeline_from(work, model)
        seen = assess_parts(work, step, model)
        is_class = work.use_case.target.is_classification
        table = facts.get("conformal")
        evaluation = ModelReport(work.use_case).run(
            ReportInput(
                algorithm=facts["algorithm"],
                hyperparameters=facts["hyperparameters"],
                seed=facts["seed"],
                classes=work.use_case.target.classes,
                threshold=facts["threshold"],
                select_kpis=facts["kpis"],
                y=seen.y,
                probabilities=seen.probabilities,
                numbers=seen.numbers,
                segments=seen.segments,
                X=seen.X,
                predict=pipeline.predict_proba if is_class else pipeline.predict,
                rows=seen.rows,
                lineage={key: facts[key] for key in ("raw_id", "prepared_id", "curated_id")},
                created_at=utc_now(),
                conformal=ConformalTable.from_dict(table) if table else None,
            )
        )
        step.rows = len(seen.y)
        artefact = work.publish(
            ArtefactKind.REPORT,
            parents=(model_id,),
            facts={"algorithm": facts["algorithm"], "kpis": evaluation.kpis},
            files={
                REPORT_FILE: msgspec.json.encode(evaluation.content),
                REPORT_PAGE: evaluation.html.encode(),
            },
        )
        step.output = {"report_id": artefact.id}
    return artefact


def persist(work: Workplace, model_id: str, report_id: str) -> ModelVersion:
    """Publish a model with its report as a version."""
    model = work.stores.artefacts.get(model_id, ArtefactKind.MODEL)
    evaluation = work.stores.artefacts.get(report_id, ArtefactKind.REPORT)
    if model_id not in evaluation.parents:
        raise InvalidInput("report_id is the report of another model")
    facts = model.facts
    with work.recorder.method("model-persist", facts["algorithm"]) as step:
        content = work.stores.artefacts.read(model_id, MODEL_FILE)
        draft = draft_version(
            work.use_case,
            ModelFacts(
                algorithm=facts["algorithm"],
                hyperparameters=facts["hyperparameters"],
                seed=facts["seed"],
                threshold=facts["threshold"],
                kpis={"select": facts["kpis"], "test": evaluation.facts["kpis"]},
                libraries=dict(work.stores.libraries()),
                trusted_types=tuple(facts["trusted_types"]),
                conformal=facts.get("conformal"),
                trained_by=_trained_by(facts.get("trained_by", ""), work.asked_by),
                lineage=Lineage(
                    raw=facts["raw_id"],
                    prepared=facts["prepared_id"],
                    curated=facts["curated_id"],
                    curation=facts["curation_id"],
                    model=model_id,
                    report=report_id,
                    run=work.run_id,
                ),
            ),
            content,
            utc_now(),
        )
        prepared = work.prepared(facts["prepared_id"])
        train = prepared[prepared[SPLIT_COLUMN] == TRAIN]
        pipeline = pipeline_from(work, model)
        package = ModelPersist(work.use_case).run(
            PipelineScorer(work.use_case, draft, pipeline),
            content,
            {
                file: work.stores.artefacts.read(report_id, file)
                for file in (REPORT_FILE, REPORT_PAGE)
            },
            prepared[prepared[SPLIT_COLUMN] == TEST],
            _compiled(work, draft, pipeline, train),
            train,
        )
        manifest = work.stores.models.publish(package.manifest, package.files, work.run_id)
        step.rows = manifest.golden_rows
        step.output = {"model": manifest.model, "version": manifest.version}
    return manifest


def _compiled(
    work: Workplace, draft: ModelVersion, pipeline: Any, train: pd.DataFrame
) -> Candidate | str:
    """Return the compiled form as a scoring process will read it, or why there is none."""
    try:
        plan = work.stores.compiler.compile(work.use_case, pipeline, features(work.use_case, train))
        content = encode_plan(plan)
        return Candidate(CompiledScorer(work.use_case, draft, decode_plan(content)), content)
    except ImportError as error:
        return f"the library {error.name} is not installed"
    except (NotCompilable, RegistryDamaged) as error:
        return str(error)


def _trained_by(*people: str) -> tuple[str, ...]:
    """Return who had a hand in a version; nobody when one of them is not known."""
    return tuple(sorted(set(people))) if all(people) else ()
