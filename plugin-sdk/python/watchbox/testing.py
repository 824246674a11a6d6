"""Runs an artifact in a test, with capabilities that are played.

::

    world = World(clients=[Client("C.1", labels=["New"])], respond=lambda request: Response(200))
    installed = world.install(Greeter)
    assert installed.tick(60.0) == [{"client_id": "C.1", "Status": 200}]
    assert world.requests[0].url == "https://example.org/"

Turns behave as the host's do: what a failed turn changed is undone and the artifact made anew, but the http requests that it made, and that
settled something, are not made again by the next try of the same trigger. Events and rows cross as JSON by the rules of the contract.
"""

import base64
import copy
import json
import math
from typing import Any, Callable, Iterable, Optional, Union

from . import _host
from ._artifact import Artifact
from ._export import Fault, Instance
from ._failure import Reject, Retry
from ._played import Host
from .clients import Client
from .http import Request, Response, Unreachable
from .log import Level
from .mail import Message, Refused

__all__ = ["Client", "Fault", "Installed", "Level", "Message", "Reject", "Request", "Response", "Retry", "World", "to_guest"]

_LARGEST_EXACT = 2**53 - 1
_ASKS_FOR_PATIENCE = (408, 425, 429)

Responder = Callable[[Request], Response]
Relay = Callable[[Message], None]


class World:
    """A played host: every capability granted, no client, no state, nobody who answers, a relay that takes all mail, the clock at 0."""

    def __init__(
        self,
        clients: Iterable[Client] = (),
        respond: Optional[Responder] = None,
        deny: Iterable[str] = (),
        relay: Optional[Relay] = None,
    ):
        self.clients: dict[str, Client] = {client.id: client for client in clients}
        """The clients, by id."""
        self.state: dict[str, bytes] = {}
        """The artifact's state."""
        self.now = 0.0
        """What the clock says."""
        self.respond = respond
        """Answers requests: gives a :class:`Response` or raises one of :mod:`watchbox.http`'s exceptions."""
        self.relay = relay
        """Takes mail, or raises one of :mod:`watchbox.mail`'s exceptions."""
        self.denied = set(deny)
        """Capabilities without a grant."""
        self.requests: list[Request] = []
        """The requests that were made; those answered out of the journal were not."""
        self.mails: list[Message] = []
        """The messages that were handed to the relay; those known from the journal were not."""
        self.lines: list[tuple[Level, str]] = []
        """The lines that were logged."""
        self.journal: dict[str, Response] = {}
        """What was settled under each ``once`` name in the turn that is open."""
        self.mailed: dict[str, Union[str, Refused]] = {}
        """The same of mail: the ``Message-ID`` s, and refusals."""

    def install(self, artifact: type[Artifact], parameters: Optional[dict[str, Any]] = None) -> "Installed":
        """Installs an artifact with these parameters; ``ValueError`` says what is wrong with them."""
        return Installed(self, artifact, parameters or {})

    def answer(self, request: Request) -> Response:
        """Makes a request, or finds it settled."""
        if request.once is not None and request.once in self.journal:
            return self.journal[request.once]
        self.requests.append(request)
        if self.respond is None:
            raise Unreachable("nobody answers: give the World a `respond`")
        response = self.respond(request)
        if request.once is not None and response.status not in _ASKS_FOR_PATIENCE and response.status < 500:
            self.journal[request.once] = response
        return response

    def deliver(self, message: Message) -> str:
        """Hands a message to the relay, or finds it settled."""
        settled = None if message.once is None else self.mailed.get(message.once)
        if settled is None:
            self.mails.append(message)
            settled = self._handed_over(message)
            if message.once is not None:
                self.mailed[message.once] = settled
        if isinstance(settled, Refused):
            raise settled
        return settled

    def _handed_over(self, message: Message) -> Union[str, Refused]:
        try:
            if self.relay is not None:
                self.relay(message)
        except Refused as refused:
            return refused
        return f"<{len(self.mails)}@watchbox.test>"


class Installed:
    """An installed artifact."""

    def __init__(self, world: World, artifact: type[Artifact], parameters: dict[str, Any]):
        self.world = world
        self._kind = artifact
        self._parameters = to_guest(parameters)
        self._open: Any = None
        self._instance: Optional[Instance] = self._configured()

    def tick(self, at: float) -> list[dict[str, Any]]:
        """One turn with a tick that is due at ``at``, to which the clock is set as well. Raises Retry, Reject or Fault."""
        self.world.now = at
        return self._turn(("tick", at), lambda instance: instance.tick(at))

    def events(self, artifact: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """One turn with events of the log ``artifact``. Raises Retry, Reject or Fault."""
        coded = to_guest(events)
        return self._turn((artifact, coded), lambda instance: instance.events(artifact, coded))

    def _turn(self, trigger: Any, call: Callable[[Instance], bytes]) -> list[dict[str, Any]]:
        if trigger != self._open:
            self.world.journal.clear()
            self.world.mailed.clear()
        self._open = trigger
        instance = self._instance or self._configured()
        self._instance = None
        before = (copy.deepcopy(self.world.clients), dict(self.world.state))
        try:
            rows = self._play(lambda: call(instance))
        except (Retry, Reject, Fault):
            self.world.clients, self.world.state = before
            raise
        self._instance, self._open = instance, None
        return json.loads(rows) if rows else []

    def _configured(self) -> Instance:
        instance = Instance(self._kind)
        self._play(lambda: instance.configure(self._parameters))
        return instance

    def _play(self, call: Callable[[], Any]) -> Any:
        before = _host.play(Host(self.world))
        try:
            return call()
        finally:
            _host.play(before)


def to_guest(value: Any) -> bytes:
    """JSON as the host writes it for guests: ASCII, large integers as text, bytes as base64, NaN and infinities as null."""
    return json.dumps(_guest(value), separators=(",", ":")).encode("ascii")


def _guest(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _guest(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_guest(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_EXACT:
        return str(value)
    return value
