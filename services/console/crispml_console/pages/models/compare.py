"""Two versions beside each other: KPIs, settings, data, and their curves on top of each other."""

from __future__ import annotations

import json
from typing import Any

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.pages.models import asks, words
from crispml_console.pages.models.differences import (
    KpiPair,
    Setting,
    data_sets,
    has_same_test,
    kpi_pairs,
    settings,
)
from crispml_console.pages.models.opened import Opened
from crispml_console.parts import kpis, report_plots, states
from crispml_console.parts.layout import badge, card, grid, row
from crispml_console.parts.page import Place
from crispml_console.parts.plots import plot
from crispml_console.parts.tables import Column, table
from crispml_console.parts.words import NONE, number
from crispml_console.service.asked import Asked
from crispml_console.service.call import page, training
from crispml_core.client import PageOf, PublishedVersion
from crispml_core.client.training import TrainingClient

_OFFERED = 100
_THIS, _OTHER = "This version", "The other"


def body(place: Place) -> TagChild:
    """Return what stands there before a service was asked."""
    return TagList(card("Compare with", ui.output_ui("others")), ui.output_ui("comparison"))


def serve(opened: Opened) -> None:
    """Fill the outputs."""
    visit = opened.visit
    offered = visit.asked(page(training(TrainingClient.versions, opened.model), _OFFERED))
    both: Asked[asks.Pair] = visit.asked()

    @render.ui
    def others() -> TagChild:
        return states.shown(offered(), lambda found: _others(opened, found))

    @reactive.effect
    async def chosen() -> None:
        other = visit.input.other() if "other" in visit.input else visit.place.query.get("with")
        if other:
            both.ask(training(asks.pair, opened.model, opened.name, other))
            await visit.remember(**{"with": other})

    @render.ui
    def comparison() -> TagChild:
        state = both()
        return states.shown(state, _comparison) if state.call is not None else None


def _others(opened: Opened, found: PageOf[PublishedVersion]) -> TagChild:
    names = [version.version for version in found.items if version.version != opened.name]
    named = opened.visit.place.query.get("with")
    if named and named not in names and named != opened.name:
        names.append(named)  # an older one, which the address names
    if not names:
        return states.nothing("There is no other version of this model.")
    algorithms = {version.version: version.algorithm for version in found.items}
    choices = {
        name: f"{name} ({algorithms[name].replace('_', ' ')})" if name in algorithms else name
        for name in names
    }
    champion = opened.pointing().get("champion")
    preferred = named or (champion.version if champion is not None else None)
    return row(
        ui.input_select(
            "other",
            "Other version",
            choices,
            selected=preferred if preferred in choices else None,
            width="100%",
        )
    )


def _comparison(found: asks.Pair) -> TagList:
    (first, second), (a, b) = found.versions, (report.content for report in found.reports)
    named = {_THIS: a, _OTHER: b}
    curves = [
        ("ROC", "How many positive records are found, over false alarms", report_plots.roc(named)),
        (
            "Precision and recall",
            "How many positive decisions are right, over how many are found",
            report_plots.precision_recall(named),
        ),
        (
            "Calibration",
            "Observed shares over promised probabilities, with their intervals",
            report_plots.calibration(named),
        ),
        (
            "Cost by threshold",
            "Mean cost of a decision on test; the dotted lines are the thresholds in use",
            report_plots.costs(named),
        ),
        (
            "Importance",
            "How much is lost when a column is shuffled",
            report_plots.importance(named),
        ),
    ]
    return TagList(
        tags.p(
            "Both were tested on different records, so a difference can come from these.",
            class_="notice",
        )
        if not has_same_test(first, second)
        else None,
        card("KPIs on test", _kpis(first, second, kpi_pairs(a, b))),
        grid(
            *(
                card(title, plot(label, figure, height=380 if title == "Importance" else 300))
                for title, label, figure in curves
                if figure is not None
            ),
            card(
                "Hyperparameters",
                _settings(
                    "Hyperparameters", settings(first.hyperparameters, second.hyperparameters)
                ),
            ),
            card("Data and definition", _settings("Data and definition", data_sets(first, second))),
            card("Libraries", _settings("Libraries", settings(first.libraries, second.libraries))),
            wide=True,
        ),
    )


def _kpis(first: PublishedVersion, second: PublishedVersion, pairs: list[KpiPair]) -> TagList:
    return TagList(
        table(
            "KPIs of both versions on test",
            [
                Column[KpiPair](
                    "KPI",
                    lambda pair: tags.span(kpis.title(pair.kpi), title=kpis.meaning(pair.kpi)),
                ),
                Column(_THIS, lambda pair: _value(pair.first), is_number=True),
                Column(
                    _OTHER,
                    lambda pair: _value(pair.second),
                    is_number=True,
                ),
                Column("The other is", _gain, is_number=True),
            ],
            pairs,
        ),
        tags.p(
            "This version is ",
            tags.code(first.version),
            ", the other is ",
            words.version_link(second.model, second.version),
            ". A difference is marked as clear where the 95 % intervals of both do not meet.",
            class_="quiet",
        ),
    )


def _value(found: Any) -> TagChild:
    if found is None:
        return NONE
    interval = (
        None if found.get("low") is None else f" {number(found['low'])} to {number(found['high'])}"
    )
    return tags.span(
        number(found["value"]), tags.small(interval, class_="quiet interval") if interval else None
    )


def _gain(pair: KpiPair) -> TagChild:
    if pair.gain is None:
        return NONE
    if abs(pair.gain) < 0.0005:
        return tags.span("equal", class_="quiet")
    word, state = ("better", "good") if pair.gain > 0 else ("worse", "bad")
    return badge(f"{number(abs(pair.gain))} {word}{', clear' if pair.is_clear else ''}", state)


def _settings(caption: str, found: list[Setting]) -> Tag:
    def shown(setting: Setting, value: object) -> TagChild:
        text = NONE if value is None else json.dumps(value) if not isinstance(value, str) else value
        code = tags.code(text if len(text) <= 24 else f"{text[:12]}…", title=text)
        return tags.strong(code) if setting.differs else code

    return table(
        caption,
        [
            Column[Setting]("What", lambda setting: setting.name),
            Column(_THIS, lambda setting: shown(setting, setting.first)),
            Column(_OTHER, lambda setting: shown(setting, setting.second)),
            Column(
                "Same",
                lambda s: (
                    badge("differs", "warn") if s.differs else tags.span("same", class_="quiet")
                ),
            ),
        ],
        found,
    )
