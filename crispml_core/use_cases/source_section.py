"""The section ``source`` of a YAML use case."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr, model_validator
from pydantic import Field as Declared

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.queries import SqlJoin
from crispml_core.domain.sources import CsvSource, ParquetSource, SqlSource

_STRICT = ConfigDict(extra="forbid", frozen=True)


class _Csv(BaseModel):
    model_config = _STRICT
    path: str
    delimiter: str = ","


class _Join(BaseModel):
    model_config = _STRICT
    table: StrictStr
    on: StrictStr | dict[StrictStr, StrictStr]
    columns: dict[StrictStr, StrictStr]
    kind: Literal["left", "inner"] = "left"
    where: StrictStr | None = None
    as_of: StrictStr = ""
    moment: StrictStr = ""
    days: StrictInt | None = None
    timeless: StrictBool = False

    @model_validator(mode="before")
    @classmethod
    def _name_on(cls, given: Any) -> Any:
        """Put the name ``on`` back, which YAML 1.1 reads as a truth value."""
        if isinstance(given, dict) and True in given and "on" not in given:
            return {"on" if name is True else name: value for name, value in given.items()}
        return given

    def build(self) -> SqlJoin:
        return SqlJoin(**dict(self))


class _Sql(BaseModel):
    model_config = _STRICT
    query: str = ""
    url: str = ""
    connection: str = ""
    table: StrictStr = ""
    columns: dict[StrictStr, StrictStr] = Declared(default_factory=dict)
    where: StrictStr | None = None
    joins: list[_Join] = Declared(default_factory=list)
    group_by: StrictStr = ""
    moment: StrictStr = ""
    ordered: StrictBool = True
    timeout_s: float = 3600.0

    def build(self) -> SqlSource:
        return SqlSource(**dict(self) | {"joins": tuple(join.build() for join in self.joins)})


class SourceSection(BaseModel):
    """Where the data come from: one of ``csv``, ``parquet`` and ``sql``."""

    model_config = _STRICT
    csv: str | _Csv | None = None
    parquet: str | None = None
    sql: _Sql | None = None

    def build(self, folder: Path) -> CsvSource | ParquetSource | SqlSource:
        """Return the source; the paths of files are resolved in `folder`."""
        match self.csv, self.parquet, self.sql:
            case str() as path, None, None:
                return CsvSource(str(folder / path))
            case _Csv() as csv, None, None:
                return CsvSource(str(folder / csv.path), csv.delimiter)
            case None, str() as path, None:
                return ParquetSource(str(folder / path))
            case None, None, _Sql() as sql:
                return sql.build()
        raise InvalidInput("source: give one of csv, parquet and sql")
