"""Writes lines for the operator, kept whether the turn counts or not. Needs the grant ``log``.

Never fails: a line that is not granted, or too much, is dropped and counted by the host.
"""

from enum import Enum

from ._failure import Denied
from ._host import host


class Level(Enum):
    """How much a line matters."""

    DEBUG = 0
    """Of use only while looking for a mistake."""
    INFO = 1
    """The normal course of things."""
    WARN = 2
    """Odd, but dealt with."""
    ERROR = 3
    """Something failed that the operator should look at."""


def write(level: Level, message: str) -> None:
    """Writes a line."""
    try:
        contract = host().log
    except Denied:
        return
    contract.write(contract.Level(level.value), message.encode("utf-8", "replace").decode("utf-8"))


def debug(message: str) -> None:
    """Writes a line of use only while looking for a mistake."""
    write(Level.DEBUG, message)


def info(message: str) -> None:
    """Writes a line on the normal course of things."""
    write(Level.INFO, message)


def warn(message: str) -> None:
    """Writes a line on what is odd, but dealt with."""
    write(Level.WARN, message)


def error(message: str) -> None:
    """Writes a line on what failed and the operator should look at."""
    write(Level.ERROR, message)
