"""Rows and parameters as JSON, by the rules of the contract.

What JSON lacks comes in changed: integers beyond 2^53-1 as decimal text, bytes as base64 text, NaN and infinities as ``None``. On the way out
the column types of the manifest turn text back, so integers of any size and ``bytes`` are written as they are in Python.
"""

import base64
import binascii
import dataclasses
import json
import math
from typing import Any, Iterable


def integer(value: Any) -> int:
    """The integer of a column of the type ``int``: a number, or decimal text where it is beyond 2^53-1. ``ValueError`` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii():
        return int(value)
    raise ValueError(f"an integer is wanted, not {value!r}")


def data(value: Any) -> bytes:
    """The bytes of a column of the type ``bytes``, which come as base64 text. ``ValueError`` for anything else."""
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            pass
    raise ValueError(f"base64 text is wanted, not {value!r}")


def _replace(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} is nothing that a row can hold")


# ASCII only: a lone surrogate goes out as an escape, which the host makes U+FFFD.
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_replace)


def rows_to_json(rows: Iterable[Any]) -> bytes:
    """Rows as the host wants them; no bytes for no rows."""
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return b""
    for index, row in enumerate(rows):
        if type(row) is not dict and not dataclasses.is_dataclass(row):
            raise TypeError(f"row {index}: a dict or a dataclass instance is wanted, not {type(row).__name__}")
    try:
        return _ENCODER.encode(rows).encode("ascii")
    except (TypeError, ValueError):
        _blame(rows)
        raise


def _blame(rows: list[Any]) -> None:
    """Raises an error that names the row and column that can't be written."""
    for index, row in enumerate(rows):
        columns = row if isinstance(row, dict) else _replace(row)
        for name, value in columns.items():
            try:
                _ENCODER.encode(value)
            except (TypeError, ValueError) as error:
                if isinstance(value, float) and not math.isfinite(value):
                    raise ValueError(f"row {index}, column `{name}`: {value} is no JSON; use None in its place") from None
                raise type(error)(f"row {index}, column `{name}`: {error}") from None
