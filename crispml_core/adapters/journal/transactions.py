"""What a payload of the journal means: the groups and events of one transaction, as MessagePack."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crispml_core.adapters.journal.errors import SETTING
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.journal import Transaction

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[list[ScoreGroup], list[ServingEvent]])


def encode_groups(groups: Sequence[ScoreGroup], events: Sequence[ServingEvent] = ()) -> bytes:
    """Write a transaction."""
    return _encoder.encode((groups, events))


def decode_groups(payload: bytes) -> Transaction:
    """Read what `encode_groups` wrote.

    Raises
    ------
    StoreUnavailable
        If this release does not understand it.
    """
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError:
        raise StoreUnavailable(
            f"the journal of {SETTING} holds scores that another release wrote: "
            "let that release bring them into the database"
        ) from None
