"""Scoring a file of any size: its bytes go out, and those of the scores come into another file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from crispml_core.client.answers import FileScores
from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import below
from crispml_core.domain.runs import SCORING_METHODS

# How long the service may check a file before its answer begins.
_LONG_S = 3600.0


class ScoreFileCalls(Catalogue):
    """Calls that score whole files."""

    def score_file(
        self,
        use_case: str,
        content: Path | bytes,
        media: str,
        target: Path,
        *,
        accept: str = "text/csv",
        encoding: str | None = None,
        alias: str | None = None,
        version: str | None = None,
        explain: bool = False,
        interval: float | None = None,
        idempotency_key: str | None = None,
        sent_bytes: Callable[[int], None] | None = None,
        received_bytes: Callable[[int], None] | None = None,
    ) -> FileScores:
        """Score the records of a file and write the scores to another; neither is ever in memory.

        All records are checked before the first is scored. If the connection is lost while scores
        come, what was answered is stored all the same: with the same `idempotency_key` the same
        request goes on where it stopped.

        Parameters
        ----------
        content : Path or bytes
            A file is streamed.
        media : str
            Its content type.
        target : Path
            Becomes the file of scores; one that is there is replaced. It is not whole if this
            raises.
        accept : str
            Content type of the scores.
        encoding : str, optional
            How `content` is compressed: ``gzip`` or ``zstd``.
        alias, version : str, optional
            Which alias, or which model version, answers; ``champion`` by default.
        explain, interval
            As in `crispml_core.client.scoring.ScoringClient.score`.
        sent_bytes, received_bytes : callable, optional
            Told how much of the file was sent, and how many bytes of scores came.
        """
        headers = {
            "Content-Type": media,
            "Content-Encoding": encoding,
            "Idempotency-Key": idempotency_key,
        }
        params = {
            "alias": alias,
            "model_version": version,
            "explain": "true" if explain else None,
            "interval": interval,
        }
        with self.connection.stream(
            "/use-cases" + below(use_case, SCORING_METHODS[0]),
            accept=accept,
            method="POST",
            params=params,
            content=content,
            headers={name: value for name, value in headers.items() if value is not None},
            timeout_s=_LONG_S,
            sent_bytes=sent_bytes,
        ) as response:
            size = 0
            with target.open("wb") as file:
                for chunk in response.iter_bytes():
                    size += file.write(chunk)
                    if received_bytes is not None:
                        received_bytes(size)
        return FileScores(
            use_case=use_case,
            model=response.headers.get("CrispML-Model", ""),
            version=response.headers.get("CrispML-Version", ""),
            alias=response.headers.get("CrispML-Alias"),
            fallback=response.headers.get("CrispML-Fallback") == "true",
            size=size,
        )
