"""The figures of a report, of one version or of several on top of each other.

A function takes the content of a report, or contents by the name of their version, and returns a
figure for `crispml_console.parts.plots.plot`; None where there is nothing to show.
"""

from crispml_console.parts.report_plots.costs import cost_curve, costs
from crispml_console.parts.report_plots.curves import calibration, precision_recall, roc
from crispml_console.parts.report_plots.numbers import deciles, residuals, scatter
from crispml_console.parts.report_plots.shares import coverage, distribution, groups, importance
from crispml_console.parts.report_plots.traces import Content, Figure

__all__ = [
    "Content",
    "Figure",
    "calibration",
    "cost_curve",
    "costs",
    "coverage",
    "deciles",
    "distribution",
    "groups",
    "importance",
    "precision_recall",
    "residuals",
    "roc",
    "scatter",
]
