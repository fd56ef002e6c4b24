"""What a server is to the benchmark: how it starts, and how records are sent to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

# Names of forms that several servers speak; a server may have others of its own.
RECORD, RECORDS, V2, CSV, PARQUET = "record", "records", "v2", "csv", "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to send records and to read the answer.

    Parameters
    ----------
    path : str
        Path of the request.
    encode : callable
        Turns a frame of records into a body.
    decode : callable
        Turns the body of an answer into the probabilities of the second class.
    accept : str
        Wanted type of the answer; empty leaves the choice to the server.
    credential : str
        Sent as a bearer; empty for servers that ask nobody who they are.
    """

    path: str
    encode: Callable[[pd.DataFrame], bytes]
    decode: Callable[[bytes], np.ndarray]
    content_type: str = "application/json"
    accept: str = ""
    credential: str = field(default="", repr=False)
    method: str = "POST"

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a request."""
        wanted = {"Accept": self.accept} if self.accept else {}
        known = {"Authorization": f"Bearer {self.credential}"} if self.credential else {}
        return {"Content-Type": self.content_type, **wanted, **known}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known when a server starts.

    Parameters
    ----------
    python : str
        The interpreter of its environment.
    port : int
        Where it must listen; `more_ports` are free for its other doors.
    folder : Path
        Its model, or the stores of our own.
    """

    python: str
    port: int
    more_ports: tuple[int, int]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is measured.

    Parameters
    ----------
    name : str
        Name in the results; `title` is the one in the table.
    environment : str
        Folder below ``peers`` that pins what it needs; empty for our own.
    command : callable
        Returns the command line.
    variables : callable
        Returns what the environment of the process has besides.
    ready : str
        Path that answers 200 as soon as records can be sent.
    forms : dict of Form
        Empty for the yardstick, which is asked for `ready`.
    batches : bool
        Whether it collects concurrent requests into one prediction.
    packages : tuple of str
        Whose versions belong into the results.
    """

    name: str
    title: str
    environment: str
    command: Callable[[Start], list[str]]
    ready: str
    variables: Callable[[Start], dict[str, str]] = lambda start: {}
    forms: Mapping[str, Form] = field(default_factory=dict)
    batches: bool = False
    packages: tuple[str, ...] = ()
