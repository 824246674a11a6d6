"""The artifact's own values, kept from turn to turn, over restarts and upgrades. Needs the grant ``state``.

Values are what JSON can hold, and are kept as JSON; ``get_bytes`` and ``set_bytes`` keep bytes as they are. Writes are part of the turn.
"""

import json
from typing import Any, Optional

from ._contract import Err
from ._failure import CapabilityError
from ._host import host, refused


class TooLarge(CapabilityError):
    """With it the state would be larger than the limit, in bytes. Nothing was written."""

    def __init__(self, limit: int):
        super().__init__(f"state: with it there would be more than the limit of {limit} bytes")
        self.limit = limit


class InvalidKey(CapabilityError):
    """The key is none: 1 to 256 bytes without control characters are wanted."""

    def __init__(self, text: str):
        super().__init__(f"state: no key: {text}")


_KINDS = {"TooLarge": TooLarge, "InvalidKey": InvalidKey}


def get(key: str, default: Any = None) -> Any:
    """The value of a key, or ``default``."""
    value = get_bytes(key)
    return default if value is None else json.loads(value)


def set(key: str, value: Any) -> None:
    """Sets the value of a key, whether it had one or not."""
    set_bytes(key, json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii"))


def get_bytes(key: str) -> Optional[bytes]:
    """The bytes of a key, or ``None``."""
    try:
        return host().state.get(key)
    except Err as error:
        refused("state", error.value, _KINDS)


def set_bytes(key: str, value: bytes) -> None:
    """Sets the bytes of a key, whether it had some or not."""
    try:
        host().state.set(key, bytes(value))
    except Err as error:
        refused("state", error.value, _KINDS)


def remove(key: str) -> None:
    """Removes a key and its value. One that is not there is no error."""
    try:
        host().state.remove(key)
    except Err as error:
        refused("state", error.value, _KINDS)


def keys(prefix: str = "") -> list[str]:
    """The keys that start with ``prefix``, sorted; all for an empty one."""
    try:
        return list(host().state.keys(prefix))
    except Err as error:
        refused("state", error.value, _KINDS)
