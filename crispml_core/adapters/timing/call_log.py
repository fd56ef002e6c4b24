"""Methods and slow calls in the log of the process."""

from __future__ import annotations

import structlog

from crispml_core.domain.timings import Call

_log = structlog.get_logger("crispml.timing")


class CallLog:
    """Writes a line when a method begins and when it ends, and one for each slow call.

    Groups of requests are not told one by one: there are hundreds a second. A line says nothing of
    what was in the records, and gets the ids of its request and its run by the context.
    """

    def enter(self, call: Call) -> None:
        """Write that a method began."""
        _log.info("method_entered", method=call.method, use_case=call.use_case)

    def exit(self, call: Call) -> None:
        """Write that a method ended, and that it, or a group, was slow."""
        if not call.is_group:
            _log.info(
                "method_exited",
                method=call.method,
                use_case=call.use_case,
                outcome=call.outcome.value,
                seconds=round(call.seconds, 6),
                rows=call.rows,
                resident_bytes=call.at_exit.resident_bytes,
                gc_collections=call.at_exit.gc_collections - call.at_entry.gc_collections,
                gc_pause_s=round(call.at_exit.gc_pause_s - call.at_entry.gc_pause_s, 6),
                thread=call.at_exit.thread,
            )
        if call.is_slow:
            self._tell_slow(call)

    @staticmethod
    def _tell_slow(call: Call) -> None:
        group = {"requests": call.requests, "waiting": call.waiting} if call.is_group else {}
        ids = {"request_ids": list(call.request_ids)} if call.request_ids else {}
        _log.warning(
            "slow_call",
            kind="group" if call.is_group else "method",
            method=call.method,
            use_case=call.use_case,
            outcome=call.outcome.value,
            seconds=round(call.seconds, 6),
            stages={name: round(seconds, 6) for name, seconds in call.stages.items()},
            rows=call.rows,
            pool_in_use=call.at_exit.pool_in_use,
            pool_size=call.at_exit.pool_size,
            **group,
            **ids,
        )
