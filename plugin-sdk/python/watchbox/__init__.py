"""Write watchbox artifacts in Python.

An artifact is a class derived from :class:`Artifact`; ``Handler = export(TheClass)`` makes a component of the module ``app``. It is handed
events or ticks, uses the capabilities that its manifest declares, and emits rows::

    from dataclasses import dataclass
    from watchbox import Artifact, export, parameter

    @dataclass
    class Parameters:
        longest: int = parameter("Longest")

    class LongCommands(Artifact):
        parameters: Parameters

        def events(self, batch):
            for event in batch:
                command_line = event.get("CommandLine") or ""
                if len(command_line) > self.parameters.longest:
                    yield {"ClientId": event["ClientId"], "Length": len(command_line)}

    Handler = export(LongCommands)

Capabilities are one module each: :mod:`watchbox.clients`, :mod:`watchbox.labels`, :mod:`watchbox.http`, :mod:`watchbox.mail`,
:mod:`watchbox.state`, :mod:`watchbox.log`, :mod:`watchbox.clock`. A test plays them with :mod:`watchbox.testing`.

What artifacts that tell of something share is in :mod:`watchbox.alerts`, :mod:`watchbox.delivery`, :mod:`watchbox.windows`,
:mod:`watchbox.text` and :mod:`watchbox.digest`.

Raise :class:`Retry` or :class:`Reject` for a turn that does not count. Any other exception reaches the operator as a fault, with its
text and place.
"""

from ._artifact import Artifact, Batch, Tick
from ._export import export
from ._failure import CapabilityError, Denied, Reject, Retry
from ._parameters import parameter
from ._values import data, integer

__all__ = [
    "Artifact",
    "Batch",
    "CapabilityError",
    "Denied",
    "Reject",
    "Retry",
    "Tick",
    "data",
    "export",
    "integer",
    "parameter",
]
