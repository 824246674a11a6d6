"""The host as the wrappers call it: the contract's imports in a component, a :class:`watchbox.testing.World` in a test."""

from typing import Any, NoReturn

from . import _contract
from ._failure import Denied

_played: Any = None


def host() -> Any:
    """The host of this turn."""
    if _played is not None:
        return _played
    return _imports


def play(world: Any) -> Any:
    """Puts a played host in the place of the real one, or takes it away; gives the one before."""
    global _played
    before, _played = _played, world
    return before


class _Imports:
    """The contract's imports. What the manifest does not declare is not there, and denied."""

    def __getattr__(self, capability: str) -> Any:
        binding = getattr(_contract, capability)
        if binding is None:
            raise Denied(capability, f"add `{capability}: {{ reason: ... }}` under `capabilities` in artifact.yaml, and build again")
        return binding


_imports = _Imports()


def refused(capability: str, error: Any, kinds: dict[str, Any]) -> NoReturn:
    """Raises the SDK's exception for an error of the contract: ``Error_Denied`` is :class:`Denied`, for others ``kinds`` has a function."""
    case = type(error).__name__
    if case == "Error_Denied":
        raise Denied(capability, error.value)
    raise kinds[case.removeprefix("Error_")](getattr(error, "value", None))
