"""From the contract's handler to an :class:`Artifact`: what :func:`export` and :mod:`watchbox.testing` share."""

import json
import sys
from typing import Any, Optional

from . import _codecs, _contract, _streams
from ._artifact import Artifact, Batch, Tick
from ._failure import Reject, Retry, describe
from ._parameters import Reader
from ._values import rows_to_json

_LONGEST_WAIT_MS = 2**32 - 1


class Fault(Exception):
    """The artifact raised what it did not expect; the text says what and where."""


class Instance:
    """An instance of an artifact: one configuration and any number of turns."""

    def __init__(self, kind: type[Artifact]):
        self._kind = kind
        self._reader = Reader.of(kind)
        self._artifact: Optional[Artifact] = None

    def configure(self, parameters: bytes) -> None:
        """The contract's ``configure``; ``ValueError`` with the text for the operator."""
        try:
            artifact = self._kind()
            artifact.parameters = self._reader.read(json.loads(parameters))
            artifact.configure()
        except (ValueError, Reject, Retry) as error:
            raise ValueError(str(error)) from None
        except BaseException as error:
            raise ValueError(describe(error)) from None
        self._artifact = artifact

    def events(self, log: str, events: bytes) -> bytes:
        """A turn with events; raises Retry, Reject or Fault."""
        # The contract's JSON is ASCII: to decode it so takes a copy, where ``json`` would guess the encoding and then check it.
        return self._turn(lambda artifact: artifact.events(Batch(log, json.loads(events.decode("ascii")))))

    def tick(self, due: float) -> bytes:
        """A turn with a tick; raises Retry, Reject or Fault."""
        return self._turn(lambda artifact: artifact.tick(Tick(due)))

    def _turn(self, call: Any) -> bytes:
        if self._artifact is None:
            raise Fault("`handle` came before `configure`")
        try:
            # The rows of a generator are made in here, so that what it raises is caught as well.
            return rows_to_json(call(self._artifact) or ())
        except (Retry, Reject):
            raise
        except BaseException as error:
            raise Fault(describe(error)) from None


def _check_declared() -> None:
    """A component whose artifact imports a capability's module without declaring it is not built."""
    for capability in ("clients", "labels", "http", "mail", "state", "clock"):
        if f"watchbox.{capability}" in sys.modules and getattr(_contract, capability) is None:
            raise ImportError(f"the artifact imports watchbox.{capability}: add `{capability}: {{ reason: ... }}` under `capabilities` in artifact.yaml")


def milliseconds(seconds: float) -> int:
    """Seconds as the contract counts them."""
    return max(0, min(_LONGEST_WAIT_MS, round(seconds * 1000)))


def export(kind: type[Artifact]) -> type:
    """The class by which the host calls an artifact: ``Handler = export(MyArtifact)``, at the end of the module ``app``.

    Outside of a component it only checks the class, so that tests can import the module.
    """
    instance = Instance(kind)
    if _contract.handler is None:
        return type("Handler", (), {})
    _check_declared()
    _codecs.load()
    _streams.redirect()
    handler, err = _contract.handler, _contract.Err

    class Handler:
        def configure(self, parameters: bytes) -> None:
            try:
                instance.configure(parameters)
            except ValueError as error:
                raise err(str(error)) from None

        def handle(self, trigger: Any) -> bytes:
            try:
                if isinstance(trigger, handler.Trigger_Events):
                    return instance.events(trigger.value.artifact, trigger.value.rows)
                return instance.tick(trigger.value.due)
            except Retry as retry:
                failure = handler.Failure_Retry(handler.Retry(retry.reason, milliseconds(retry.after)))
            except Reject as reject:
                failure = handler.Failure_Reject(reject.reason)
            except Fault as fault:
                failure = handler.Failure_Fault(str(fault))
            raise err(failure)

    return Handler
