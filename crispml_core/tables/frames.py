"""Arrow to pandas and back, with types that do not depend on the rows that happen to be there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa

from crispml_core.domain.fields import Field


def to_frame(table: pa.Table | pa.RecordBatch, fields: Iterable[Field] = ()) -> pd.DataFrame:
    """Return a table as a pandas frame.

    Parameters
    ----------
    table : pyarrow.Table or pyarrow.RecordBatch
        The rows.
    fields : iterable of Field
        The declared columns. A nullable integer or boolean is float64 with NaN even where no value
        is missing, so that the types of a frame are those of the schema. For a column that is not
        declared, the rows decide.

    Returns
    -------
    pandas.DataFrame
        integer int64, number float64, string and category ``str``, boolean bool, date datetime64,
        datetime datetime64 in UTC; a missing value is NaN or NaT.
    """
    declared = {field.name: field for field in fields}
    columns = {
        name: _series(column, declared.get(name))
        for name, column in zip(table.schema.names, table.columns, strict=True)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows))


def _series(column: pa.Array | pa.ChunkedArray, field: Field | None) -> pd.Series:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        series: pd.Series = column.to_pandas()
        return series.astype("str")
    holds_missing = column.null_count > 0 or (field is not None and field.nullable)
    if pa.types.is_date(kind):
        column = column.cast(pa.timestamp("us"))
    elif holds_missing and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        column = column.cast(pa.float64())
    return pd.Series(column.to_pandas())


def to_batch(frame: pd.DataFrame, schema: pa.Schema | None = None) -> pa.RecordBatch:
    """Return a frame as one Arrow batch.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows; the index is left out.
    schema : pyarrow.Schema, optional
        The columns wanted, in order. Without it they follow from the dtypes: see `arrow_type_of`.

    Raises
    ------
    ValueError
        If a column is missing or cannot have its type; the message names the column.
    """
    if schema is None:
        schema = pa.schema([(str(name), arrow_type_of(frame[name])) for name in frame.columns])
    arrays = []
    for column in schema:
        if column.name not in frame.columns:
            raise ValueError(f"column {column.name} is missing")
        arrays.append(_array(frame[column.name], column))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def arrow_type_of(series: pd.Series) -> pa.DataType:
    """Return the Arrow type that a pandas column becomes by its dtype alone.

    Raises
    ------
    ValueError
        If a data set cannot hold the dtype; the message names the column.
    """
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return pa.bool_()
    if pd.api.types.is_integer_dtype(dtype):
        return pa.int64()
    if pd.api.types.is_float_dtype(dtype):
        return pa.float64()
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return pa.timestamp("us", tz="UTC")
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype) or _holds_text(series):
        return pa.string()
    raise ValueError(
        f"column {series.name} is of the type {dtype}; "
        "use numbers, text, truth values or datetime64"
    )


def _holds_text(series: pd.Series) -> bool:
    return series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) in (
        "string",
        "empty",
    )


def _array(series: pd.Series, column: pa.Field) -> pa.Array:
    target = column.type
    try:
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.cat.categories.dtype)
        if pd.api.types.is_float_dtype(series.dtype):
            values = series.to_numpy(dtype=np.float64, na_value=np.nan)
            return pa.array(values, from_pandas=True).cast(target)
        array = pa.Array.from_pandas(series)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        # A frame keeps nanoseconds, a data set microseconds.
        return array.cast(target, safe=not pa.types.is_temporal(target))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ValueError(f"column {column.name} does not fit the type {target}") from error
