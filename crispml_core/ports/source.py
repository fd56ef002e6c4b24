"""Where raw records come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from crispml_core.domain.sources import Selection, Statement


class RecordSource(Protocol):
    """A readable source of raw records; a use case may bring its own."""

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows in batches of bounded size.

        Columns keep the names and, where it has any, the types of the source; checking them is not
        its business.

        Raises
        ------
        MalformedContent
            If the bytes cannot be read as what they claim to be.
        StoreUnavailable
            If the file or the database cannot be reached.
        InvalidInput
            If the query fails or would write.
        """
        ...

    def explain(self, selection: Selection) -> Statement | None:
        """Return what a database is asked for the selected rows; None where there is none.

        Raises
        ------
        StoreUnavailable, InvalidInput
            As `read` does.
        """
        ...
