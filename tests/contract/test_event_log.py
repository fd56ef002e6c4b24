"""What every log of serving events does."""

from __future__ import annotations

from dataclasses import replace

from crispml_core.domain.events import EventKind, ServingEvent


def test_events_are_found_newest_first_in_pages(stores):
    events = [
        ServingEvent(kind=EventKind.REFUSED, code="invalid_records", use_case="credit"),
        ServingEvent(kind=EventKind.FAILED, code="store_unavailable", use_case="churn"),
        ServingEvent(kind=EventKind.SERVING, code="alias_moved", use_case="credit"),
        ServingEvent(kind=EventKind.REFUSED, code="not_found"),
    ]
    stores.ledger.append([], events)

    def found(**what):
        return [events.index(event) for event in stores.events.find(**what)]

    assert found() == [3, 2, 1, 0]
    assert found(use_case="credit") == [2, 0]
    assert found(kind=EventKind.REFUSED) == [3, 0]
    assert found(kind=EventKind.REFUSED, use_case="credit") == [0]
    assert found(limit=2) == [3, 2]
    assert found(before=events[2].event_id) == [1, 0]


def test_an_event_comes_back_as_it_was_committed(stores):
    event = ServingEvent(
        kind=EventKind.FALLBACK,
        code="registry_damaged",
        use_case="credit",
        version="v2",
        status=503,
        rule="range",
        field="age",
        request_id="r-1",
        payload_digest="ab" * 32,
        detail="a file of the version is not what its manifest says",
    )
    bare = replace(event, event_id=event.event_id[::-1], use_case=None, status=None, field=None)
    stores.ledger.append([], [event, bare])

    found = {each.event_id: each for each in stores.events.find()}

    assert found == {event.event_id: event, bare.event_id: bare}
    assert found[event.event_id].kind is EventKind.FALLBACK
