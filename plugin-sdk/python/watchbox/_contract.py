"""The contract's bindings, as far as the component imports them. Outside of a component there are none.

A build narrows the world to what the manifest declares, so a module of bindings is there if and only if its capability is declared.
"""

import importlib
from typing import Any


def _binding(name: str) -> Any:
    try:
        return importlib.import_module(f"wit_world.{name}")
    except ImportError:
        return None


handler = _binding("exports.handler") or _binding("imports.handler")
clients = _binding("imports.clients")
labels = _binding("imports.labels")
http = _binding("imports.http")
mail = _binding("imports.mail")
state = _binding("imports.state")
log = _binding("imports.log")
clock = _binding("imports.clock")

try:
    from componentize_py_types import Err  # type: ignore[import-not-found]
except ImportError:

    class Err(Exception):  # type: ignore[no-redef]
        """Stands for the bindings' own outside of a component, where only played hosts raise it."""

        def __init__(self, value: Any):
            super().__init__(value)
            self.value = value
