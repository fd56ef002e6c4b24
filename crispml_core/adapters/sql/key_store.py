"""API keys as rows; what is stored opens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select, update

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import api_keys
from crispml_core.domain.access import ApiKey, Grant
from crispml_core.domain.errors import Conflict, NotFound


class SqlKeyStore:
    """Keys in a SQL database; see `crispml_core.ports.key_store.KeyStore`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        try:
            with writing(self._engine) as connection:
                connection.execute(
                    insert(api_keys).values(
                        key_id=key.key_id,
                        key_digest=key.digest,
                        name=key.name,
                        current_name=key.name,
                        grants=tuple(str(grant) for grant in key.grants),
                        created_at=key.created_at,
                        created_by=key.created_by,
                        expires_at=key.expires_at,
                        revoked_by="",
                    )
                )
        except ConstraintBroken:
            raise Conflict(
                "there is a key of this name already: revoke it first, or choose another name"
            ) from None

    @retried
    def list(self) -> Sequence[ApiKey]:
        """Return all keys, the oldest first."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
            )
            return [_key(row) for row in rows]

    @retried
    def revoke(self, key_id: str, *, at: datetime, by: str) -> ApiKey:
        """Revoke a key and return it; one that is revoked already stays as it is."""
        with writing(self._engine) as connection:
            connection.execute(
                update(api_keys)
                .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
                .values(revoked_at=at, revoked_by=by, current_name=None)
            )
            row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).first()
        if row is None:
            raise NotFound("API key", hint="`crispml keys` lists them")
        return _key(row)

    @retried
    def state(self) -> object:
        """Return something that differs after every change: keys are added and revoked only."""
        query = select(func.count(), func.count(api_keys.c.revoked_at)).select_from(api_keys)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).one())


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        digest=row.key_digest,
        name=row.name,
        grants=tuple(Grant.parse(text) for text in row.grants),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )
