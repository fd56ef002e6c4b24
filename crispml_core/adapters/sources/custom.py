"""A source that a use case brings as a class of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from crispml_core.domain.errors import CrispMLError, UseCaseError
from crispml_core.domain.sources import Selection


class CustomRecordSource:
    """Calls the ``read`` of a use case and says so when it fails.

    The selection is handed over as it is: applying it is the business of that class.
    """

    def __init__(self, use_case: str, source: Any) -> None:
        self._use_case, self._source = use_case, source

    def explain(self, selection: Selection) -> None:
        """Return None: no database is asked."""

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; see `RecordSource`."""
        try:
            for batch in self._source.read(selection):
                if not isinstance(batch, pa.RecordBatch):
                    raise UseCaseError(
                        self._use_case, "source", "read must yield pyarrow.RecordBatch objects"
                    )
                yield batch
        except CrispMLError:
            raise
        except Exception as error:
            reason = f"read raised {type(error).__name__}; fix the class"
            raise UseCaseError(self._use_case, "source", reason) from error
