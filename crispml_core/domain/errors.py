"""The errors of CrispML.

::

    CrispMLError
    ├── InvalidInput            a request, setting or parameter that cannot be used as it is
    │   ├── MalformedContent    bytes that are not the JSON, CSV or Parquet they claim to be
    │   ├── InvalidRecords      rows that break the record schema; carries one Problem per finding
    │   └── TooLarge            more bytes or rows than the limit
    ├── Unauthenticated         nobody is known by what came with the request
    ├── Forbidden               whoever asks may not do this
    ├── TooManyRequests         more at once than one caller may ask for
    ├── UnsupportedContent      a content type or a format that is not offered
    ├── NotFound                no such use case, run, data set, artefact, version, score, report
    ├── Conflict                the request is fine, the state of the stores is not
    │   ├── PreconditionFailed      the alias moved since the caller looked
    │   ├── PreconditionRequired    the alias exists and the caller did not say where it points
    │   └── IdempotencyKeyReused    the key came with another request before
    ├── UseCaseError            code or declarations of a use case that fail; carries the step
    ├── NotReady                no model version can serve this request
    ├── RegistryDamaged         a file of the registry is not what its manifest says
    ├── UntrustedSignature      bytes that nobody trusted has signed, or that were altered since
    ├── StoreUnavailable        a database or a volume that does not answer, is full or read-only
    ├── Overloaded              more work waits than may wait; try again shortly
    ├── DeadlineExceeded        no outcome within the time that a request may take
    ├── RunCancelled            somebody asked the run to stop
    └── RunTimedOut             the run took longer than it may

A message names the field, row or setting and what to do about it, and never repeats a value that
the caller sent: the value may be personal data. HTTP status codes are the business of
``crispml_core.rest``.
"""

from __future__ import annotations

import difflib
import re
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one field of one row.

    Parameters
    ----------
    rule : str
        What was broken, as a code: ``missing``, ``type``, ``range``, ``category``, ``finite``,
        ``duplicate``, ``unknown_field`` …
    message : str
        What is wrong and what to do, without the value.
    field : str or None
        Name of the field as the schema spells it; None when the row as a whole is wrong.
    row : int or None
        Row number, starting at 0; None when the whole table is meant.
    """

    rule: str
    message: str
    field: str | None = None
    row: int | None = None


class CrispMLError(Exception):
    """Base of every error that CrispML raises on purpose; its text may be shown to the caller."""

    code = "crispml_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructors differ; an error that crosses a process must come back as it was.
        return _rebuilt, (type(self), self.args, self.__dict__)


class InvalidInput(CrispMLError):
    """Raised for a request, a parameter or a setting that cannot be used as it is."""

    code = "invalid_input"


class MalformedContent(InvalidInput):
    """Raised when bytes are not the JSON, CSV or Parquet that they claim to be."""

    code = "malformed_content"


class TooLarge(InvalidInput):
    """Raised when a body, a row count or a nesting goes over its limit."""

    code = "too_large"


class InvalidRecords(InvalidInput):
    """Raised when rows break the record schema.

    Parameters
    ----------
    problems : sequence of Problem
        The first findings, at most `SHOWN` of them are kept.
    total : int, optional
        How many findings there are in all.
    """

    code = "invalid_records"
    SHOWN = 100

    def __init__(self, problems: Sequence[Problem], total: int | None = None) -> None:
        self.problems = tuple(problems[: self.SHOWN])
        self.total = len(problems) if total is None else total
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        first = self.problems[0]
        where = "" if first.row is None else f"row {first.row}: "
        rest = f" ({self.total - 1} more)" if self.total > 1 else ""
        return f"{where}{first.message}{rest}"


class Unauthenticated(CrispMLError):
    """Raised when a request comes without a credential, or with one that is not valid."""

    code = "unauthenticated"


class Forbidden(CrispMLError):
    """Raised when whoever asks may not do what they ask for."""

    code = "forbidden"


class TooManyRequests(CrispMLError):
    """Raised when one caller asks for more at once than it may."""

    code = "too_many_requests"


class UnsupportedContent(CrispMLError):
    """Raised for a content type or an answer format that is not offered."""

    code = "unsupported_content"


class NotFound(CrispMLError):
    """Raised when an id or a name leads nowhere.

    Parameters
    ----------
    kind : str
        What was looked for, as a noun: ``use case``, ``run``, ``data set`` …
    known : iterable of str, optional
        The names that exist, when there are few enough to list.
    hint : str, optional
        What to do.
    """

    code = "not_found"

    def __init__(self, kind: str, known: Iterable[str] = (), hint: str = "") -> None:
        self.kind = kind
        self.code = f"{kind.replace(' ', '_')}_not_found"
        names = sorted(known)
        if kind == "use case" and not names and not hint:
            hint = "none is loaded: name it in CRISPML_USE_CASES, or with crispml up --use-case"
        listed = f"; known: {', '.join(names)}" if names else ""
        super().__init__(f"no such {kind}{listed}" + (f"; {hint}" if hint else ""))


class Conflict(CrispMLError):
    """Raised when the request is fine but the state of the stores forbids it."""

    code = "conflict"


class PreconditionFailed(Conflict):
    """Raised when an alias points elsewhere than the caller's ``If-Match`` says."""

    code = "precondition_failed"


class PreconditionRequired(Conflict):
    """Raised when an alias exists and the caller did not say what it should point at now."""

    code = "precondition_required"


class IdempotencyKeyReused(Conflict):
    """Raised when an idempotency key comes again with another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("this idempotency key came with another request before: send a new key")


class UseCaseError(CrispMLError):
    """Raised when code or a declaration of a use case fails.

    Parameters
    ----------
    use_case : str
        Name of the use case, or the reference it was loaded from.
    step : str
        The step that failed: ``load``, ``prepare``, ``curate`` …
    reason : str
        What happened and what to fix.
    """

    code = "use_case_error"

    def __init__(self, use_case: str, step: str, reason: str) -> None:
        self.use_case, self.step = use_case, step
        super().__init__(f"use case {use_case}, {step}: {reason}")


class NotReady(CrispMLError):
    """Raised when no model version can serve; the text says which one is missing and why."""

    code = "not_ready"


class RegistryDamaged(CrispMLError):
    """Raised when a file in the registry is missing or is not what its manifest says."""

    code = "registry_damaged"


class UntrustedSignature(CrispMLError):
    """Raised for bytes without the signature of a trusted key; they are not used."""

    code = "untrusted_signature"


class ReportDamaged(CrispMLError):
    """Raised when the content of a stored report is not what its digest says."""

    code = "report_damaged"


class StoreUnavailable(CrispMLError):
    """Raised when a database or a volume does not answer, is locked, full or read-only."""

    code = "store_unavailable"


class WouldWait(CrispMLError):
    """Raised where something needs waiting and the caller cannot wait; nothing was stored."""

    code = "would_wait"

    def __init__(self) -> None:
        super().__init__("this needs waiting")


class Overloaded(CrispMLError):
    """Raised when more work waits than a process may hold; nothing was stored."""

    code = "overloaded"


class DeadlineExceeded(CrispMLError):
    """Raised when there is no outcome in time; what was asked for may still happen."""

    code = "deadline_exceeded"


class RunCancelled(CrispMLError):
    """Raised inside a run when somebody asked it to stop."""

    code = "run_cancelled"


class RunTimedOut(CrispMLError):
    """Raised inside a run that took longer than its ``timeout_s``."""

    code = "run_timed_out"


def _rebuilt(kind: type[CrispMLError], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` when a known name is close to `name`, else nothing."""
    names = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), names, n=1)
    return f" (did you mean {names[close[0]]!r}?)" if close else ""


_INSTALLED = re.compile(r"[\\/](site-packages|crispml_core|lib[\\/]python[^\\/]*)[\\/]|<")
# Where libraries put data values: in quotes, in brackets, and as plain numbers.
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|(?<![\w.])[-+]?\d[\w.:,+-]*")


def describe_failure(error: BaseException) -> str:
    """Say what code of a use case or a library raised, and where, without any value.

    The line is the innermost one outside installed packages: the author's own, if there is one. The
    text of an error that this very line raised is left out, because nobody knows what its author
    wrote into it. A library's text is kept without what stands in quotes or brackets and without
    numbers.

    Examples
    --------
    >>> describe_failure(ValueError("could not convert string to float: 'Anna'"))
    'ValueError: could not convert string to float: …'
    """
    frames = traceback.extract_tb(error.__traceback__)
    by_author = bool(frames) and not _INSTALLED.search(frames[-1].filename)
    lines = [] if by_author else _VALUES.sub("…", str(error)).splitlines()
    text = f": {lines[0][:300]}" if lines else ""
    return f"{type(error).__name__}{author_line(error)}{text}"


def author_line(error: BaseException) -> str:
    """Return `` at line 12 of use_case.py``, or nothing when only installed packages took part."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at line {error.lineno} of {Path(error.filename).name}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not _INSTALLED.search(frame.filename)]
    return f" at line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""


def trace_of(error: BaseException) -> dict[str, list[str]]:
    """Return the types of an exception and its causes, and the frames it came through.

    For a log: without the texts of the exceptions, because libraries quote values in them.
    """
    types: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(types) < 10:
        types.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        cause = cause.__cause__ or cause.__context__
    return {"exceptions": types, "frames": traceback.format_tb(error.__traceback__)}
