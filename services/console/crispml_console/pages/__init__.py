"""The pages of the console, one module or folder each. No page knows another."""

from __future__ import annotations

from crispml_console.pages.audit import PAGE as AUDIT
from crispml_console.pages.cycle import PAGE as CYCLE
from crispml_console.pages.models import PAGE as MODELS
from crispml_console.pages.monitoring import PAGE as MONITORING
from crispml_console.pages.overview import PAGE as OVERVIEW
from crispml_console.pages.score import PAGE as SCORE
from crispml_console.pages.scores import PAGE as SCORES
from crispml_console.pages.truth import PAGE as TRUTH
from crispml_console.parts.page import Page

PAGES: tuple[Page, ...] = (
    OVERVIEW,
    CYCLE,
    MODELS,
    SCORE,
    TRUTH,
    MONITORING,
    SCORES,
    AUDIT,
)
