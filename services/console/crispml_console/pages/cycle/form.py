"""The form of a method: a field for each parameter that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from htmltools import Tag, TagChild, TagList, tags
from shiny import ui

from crispml_console.pages.cycle.choices import Choices
from crispml_console.pages.cycle.fields import id_of, text_of
from crispml_console.pages.cycle.files import file_field
from crispml_console.pages.cycle.groups import Begin, hyper_groups, search, seed, selection
from crispml_console.parts import states
from crispml_console.parts.fields import select_field, text_field
from crispml_console.parts.layout import row
from crispml_core.client import CYCLE, UseCaseInfo

SOURCE = "the source of the use case"
_PARTS = {
    "dataset_id": "data set",
    "curation_id": "curation",
    "model_id": "model",
    "report_id": "report",
}


def form(method: str, use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    """Return the fields of a method.

    Parameters
    ----------
    begin : mapping
        Values by parameter; the others show their defaults.
    """
    return _FORMS[method](use_case, begin, choices)


def _cycle(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    chosen = begin.get("dataset_id")
    data = {"": SOURCE, **choices.offered(CYCLE, "dataset_id", chosen)}
    names = [algorithm.name for algorithm in use_case.algorithms]
    then = "promote" if begin.get("promote") else "challenge" if begin.get("challenge") else ""
    return TagList(
        tags.div(
            select_field(id_of("dataset_id"), "Data", data, text_of(chosen)),
            tags.div(selection(begin), class_="only-source"),
            class_="from-source",
        ),
        ui.input_checkbox_group(
            id_of("algorithms"),
            "Algorithms",
            names,
            selected=begin.get("algorithms") or names,
            inline=True,
        ),
        row(search(use_case, begin), seed(begin, "of split, sample, estimator and search")),
        hyper_groups(use_case, begin.get("hyperparameters") or {}),
        select_field(
            "f_then",
            "The best version",
            {
                "": "is only registered",
                "promote": "becomes champion, if it keeps the gates",
                "challenge": "becomes challenger, if it keeps the gates",
            },
            then,
        ),
    )


def _ingestion(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    return TagList(
        tags.div(
            select_field("f_from", "Data", {"": SOURCE, "file": "a file"}, ""),
            tags.div(selection(begin), seed(begin, "of the sample"), class_="only-source"),
            tags.div(file_field(), class_="only-file"),
            class_="from-file",
        ),
        tags.details(
            tags.summary("What is said about the data"),
            row(
                text_field(id_of("owner"), "Owner", text_of(begin.get("owner"))),
                text_field(
                    id_of("tags"),
                    "Tags",
                    ", ".join(begin.get("tags") or ()),
                    hint="words, separated by commas",
                ),
                select_field(
                    id_of("sensitivity"),
                    "Sensitivity",
                    {
                        "": "as it is",
                        **{s: s for s in ("public", "internal", "confidential", "restricted")},
                    },
                    text_of(begin.get("sensitivity")),
                ),
            ),
            text_field(id_of("description"), "Description", text_of(begin.get("description"))),
        ),
    )


def _preparation(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    return TagList(
        _made("data-preparation", "dataset_id", "Raw data set", begin, choices),
        seed(begin, "decides, with the record key, which split a row belongs to"),
    )


def _curation(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    names = {one.name: one.name for one in use_case.algorithms}
    return TagList(
        _made("data-curation", "dataset_id", "Prepared data set", begin, choices),
        select_field(id_of("algorithm"), "Algorithm", names, begin.get("algorithm")),
    )


def _training(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    return TagList(
        _made("model-training", "curation_id", "Curation", begin, choices),
        ui.output_ui("hypers"),
        row(search(use_case, begin), seed(begin, "of the estimator and of the search")),
    )


def _report(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    return _made("model-report", "model_id", "Fitted model", begin, choices)


def _persist(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    return _made(
        "model-persist",
        "report_id",
        "Report",
        begin,
        choices,
        hint="its model is published with it",
    )


def _verify(use_case: UseCaseInfo, begin: Begin, choices: Choices) -> TagChild:
    example = "for example 2026-11-01 or 2026-11-01T12:00Z"
    return TagList(
        row(
            text_field(id_of("from"), "From", hint=f"empty: since ever; {example}"),
            text_field(id_of("to"), "To", hint="empty: until now; not counted itself"),
        ),
        row(
            text_field(id_of("version"), "Version", hint="empty: all versions"),
            text_field(id_of("as_of"), "As of", hint="empty: all that is known now"),
        ),
    )


_FORMS: Mapping[str, Callable[[UseCaseInfo, Begin, Choices], TagChild]] = {
    CYCLE: _cycle,
    "data-ingestion": _ingestion,
    "data-preparation": _preparation,
    "data-curation": _curation,
    "model-training": _training,
    "model-report": _report,
    "model-persist": _persist,
    "new-data-report": _verify,
}


def _made(
    method: str, name: str, label: str, begin: Begin, choices: Choices, hint: TagChild = None
) -> Tag:
    offered = choices.offered(method, name, begin.get(name))
    if not offered:
        missing = f"No recent run made a {_PARTS[name]}. Run the step before this one first."
        return tags.div(states.nothing(missing), id=id_of(name))
    return select_field(id_of(name), label, offered, text_of(begin.get(name)) or None, hint=hint)
