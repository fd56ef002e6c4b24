"""Whether a data set hides its people as well as its use case asks."""

from __future__ import annotations

from crispml_core.domain.dataset_privacy import PrivacyReport
from crispml_core.domain.errors import Conflict

_ADVICE = "generalise or drop a quasi-identifier, or leave these rows out with a filter"


class PrivacyRefused(Conflict):
    """Raised when the rows of a data set tell too much about single people."""

    code = "privacy_refused"


def check_anonymity(report: PrivacyReport) -> None:
    """Raise `PrivacyRefused`, with counts and no values, unless the report holds."""
    if report.holds:
        return
    asked, found = report.asked, []
    if report.classes_below:
        found.append(
            f"privacy.k asks for {asked.k} rows in each class of the quasi-identifiers, but "
            f"{report.classes_below} of {report.classes} classes have fewer ({report.rows_below} "
            f"of {report.rows} rows), the smallest {report.k}"
        )
    for column in report.diversity:
        if column.classes_below:
            found.append(
                f"privacy.l asks for {asked.diversity} diversity of {asked.l:g} in "
                f"{column.column}, but {column.classes_below} of {report.classes} classes have "
                f"less ({column.rows_below} of {report.rows} rows)"
            )
    raise PrivacyRefused(f"{'; '.join(found)}; {_ADVICE}")
