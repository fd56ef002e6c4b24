"""Calls as lines of the write protocol of InfluxDB.

A line costs some microseconds and there can be thousands a second, so all that is the same in many
lines (measurement and tags) is written once by the client, which knows how to escape it, and kept.
The tags are few and bounded: no id is among them.
"""

from __future__ import annotations

from influxdb_client import Point

from crispml_core.domain.timings import Call, Vitals

METHODS, GROUPS = "crispml_method", "crispml_group"
ENTRY, EXIT = "entry", "exit"
# Whoever makes up use cases by the thousand must not fill the memory.
_MOST_KEPT = 10_000

_Key = tuple[str, str, str, str, str]


class Lines:
    """Writes the lines of one process.

    Parameters
    ----------
    service, environment : str
        Tags of every point.
    process : int
        Id of the process, a field of every point.
    """

    def __init__(self, service: str, environment: str, process: int) -> None:
        self._tags = {"service": service, "environment": environment}
        self._process = process
        self._heads: dict[_Key, str] = {}
        self._threads: dict[str, str] = {}

    def entry(self, call: Call) -> str:
        """Return the line of a call that began."""
        return f"{self._head(call, ENTRY)}{self._of(call.at_entry)} {call.entered_ns}"

    def exit(self, call: Call) -> str:
        """Return the line of a call that ended: its garbage collections are those during it."""
        before, after = call.at_entry, call.at_exit
        more = (
            f",gc_collections={after.gc_collections - before.gc_collections}i"
            f",gc_pause_s={after.gc_pause_s - before.gc_pause_s:.6f}"
            f",rows={call.rows}i,seconds={call.seconds:.6f}"
        )
        for stage, seconds in call.stages.items():
            more += f",{stage}_s={seconds:.6f}"
        if call.is_group:
            more += f",requests={call.requests}i,waiting={call.waiting}i"
        ended_ns = call.entered_ns + int(call.seconds * 1e9)
        return f"{self._head(call, EXIT)}{self._of(after)}{more} {ended_ns}"

    def _of(self, vitals: Vitals) -> str:
        resident, thread = vitals.resident_bytes, vitals.thread
        memory = "" if resident is None else f",resident_bytes={resident}i"
        return (
            f"pool_in_use={vitals.pool_in_use}i,pool_size={vitals.pool_size}i"
            f",process={self._process}i{memory},thread={self._thread(thread)}"
        )

    def _thread(self, name: str) -> str:
        found = self._threads.get(name)
        if found is None:
            _make_room(self._threads)
            found = _text_field(name)
            self._threads[name] = found
        return found

    def _head(self, call: Call, phase: str) -> str:
        measurement = GROUPS if call.is_group else METHODS
        outcome = call.outcome.value if phase == EXIT else ""
        key = (measurement, call.use_case, call.method, phase, outcome)
        found = self._heads.get(key)
        if found is None:
            _make_room(self._heads)
            found = self._new_head(key)
            self._heads[key] = found
        return found

    def _new_head(self, key: _Key) -> str:
        measurement, use_case, method, phase, outcome = key
        point = Point(measurement).field("x", value=True)
        tags = {**self._tags, "use_case": use_case, "method": method, "phase": phase}
        if outcome:  # which a call that began has not yet
            tags["outcome"] = outcome
        for name, value in tags.items():
            point.tag(name, value)
        line: str = point.to_line_protocol()
        return line.removesuffix("x=true")


def _text_field(text: str) -> str:
    line: str = Point("x").field("x", text).to_line_protocol()
    return line.removeprefix("x x=")


def _make_room(kept: dict[_Key, str] | dict[str, str]) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
