"""Parameters, from the manifest's names and types to a dataclass."""

import dataclasses
from typing import Any, Optional, get_type_hints


def parameter(name: str) -> Any:
    """A field of a dataclass of parameters that the manifest gives another name: ``longest: int = parameter("Longest")``."""
    return dataclasses.field(metadata={"watchbox": name})


@dataclasses.dataclass(frozen=True)
class Reader:
    """Reads an artifact's parameters."""

    kind: Optional[type]
    """The dataclass; ``None`` for a plain dict."""
    fields: tuple[tuple[str, str, Any], ...]
    """Of each field: its name, the manifest's, and its type."""

    @staticmethod
    def of(artifact: type) -> "Reader":
        """The reader for what the class's ``parameters`` is annotated with. Types are resolved here, once, at build time."""
        kind = get_type_hints(artifact).get("parameters")
        if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
            return Reader(None, ())
        types = get_type_hints(kind)
        fields = [(field.name, field.metadata.get("watchbox", field.name), types[field.name]) for field in dataclasses.fields(kind)]
        return Reader(kind, tuple(fields))

    def read(self, given: dict[str, Any]) -> Any:
        """The parameters as an instance of the dataclass, or as they are. ``ValueError`` says what does not fit."""
        if self.kind is None:
            return given
        return self.kind(**{field: _typed(name, given, kind) for field, name, kind in self.fields})


def _typed(name: str, given: dict[str, Any], kind: Any) -> Any:
    if name not in given:
        raise ValueError(f"there is no parameter `{name}`: does the manifest declare it?")
    value = given[name]
    if kind is float and type(value) is int:
        return float(value)
    if kind in (int, float, bool, str) and type(value) is not kind:
        raise ValueError(f"parameter `{name}`: {kind.__name__} is wanted, not {type(value).__name__}")
    return value
