"""Digests of text, and names made of them."""

import hashlib
import json
from typing import Union


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Names:
    """``once`` names for the effects of one turn: make it anew in each. The same parts in the same order give the same names on every try of the
    turn. Parts that come again, as those of two events that are alike, get a name of their own each."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def of(self, *parts: Union[str, int, float, None]) -> str:
        """The name of an effect that these parts tell apart from others."""
        name = digest(json.dumps(parts))[:32]
        nth = self._given.get(name, 0)
        self._given[name] = nth + 1
        return f"{name}-{nth}" if nth else name
