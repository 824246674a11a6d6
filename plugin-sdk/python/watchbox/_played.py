"""The contract's interfaces, played: the names and shapes of the bindings, over what a :class:`watchbox.testing.World` holds."""

import fnmatch
from dataclasses import dataclass
from typing import Any, Optional

from . import http as sdk_http
from . import mail as sdk_mail
from ._contract import Err
from ._failure import Denied
from .clients import Client
from .log import Level


@dataclass
class Error_Denied:
    value: str


@dataclass
class Error_InvalidQuery:
    value: str


@dataclass
class Error_UnknownClient:
    value: str


@dataclass
class Error_InvalidLabel:
    value: str


@dataclass
class Error_InvalidKey:
    value: str


class Clients:
    """The interface ``clients``."""

    def __init__(self, world: Any):
        self._world = world

    def search(self, query: str, limit: int, after: Optional[str]) -> list[Client]:
        if not query:
            raise Err(Error_InvalidQuery("it is empty"))
        found = [client for client in self._all() if (after is None or client.id > after) and _matches(query, client)]
        return found[:limit]

    def get(self, id: str) -> Optional[Client]:
        return self._world.clients.get(id)

    def _all(self) -> list[Client]:
        return sorted(self._world.clients.values(), key=lambda client: client.id)


def _matches(query: str, client: Client) -> bool:
    kind, _, text = query.partition(":")
    if query == "all":
        return True
    if kind == "label":
        return text.lower() in (label.lower() for label in client.labels)
    if kind == "host":
        return fnmatch.fnmatchcase(client.hostname.lower(), text.lower().replace("[", "[[]").replace("?", "[?]"))
    if kind == "client":
        return client.id == text
    return any(query.lower() in place.lower() for place in (client.id, client.hostname, *client.labels))


class Labels:
    """The interface ``labels``."""

    def __init__(self, world: Any):
        self._world = world

    def add(self, client_id: str, labels: list[str]) -> None:
        client = self._client(client_id, labels)
        known = {label.lower() for label in client.labels}
        client.labels = sorted([*client.labels, *(label for label in labels if label.lower() not in known)])

    def remove(self, client_id: str, labels: list[str]) -> None:
        client = self._client(client_id, labels)
        gone = {label.lower() for label in labels}
        client.labels = [label for label in client.labels if label.lower() not in gone]

    def _client(self, client_id: str, labels: list[str]) -> Client:
        for label in labels:
            if not 1 <= len(label) <= 64 or label.strip() != label or "," in label or not label.isprintable():
                raise Err(Error_InvalidLabel(label))
        if client_id not in self._world.clients:
            raise Err(Error_UnknownClient(client_id))
        return self._world.clients[client_id]


class Http:
    """The interface ``http``."""

    @dataclass
    class Secret:
        parameter: str
        prefix: str

    @dataclass
    class Text_Plain:
        value: str

    @dataclass
    class Text_Secret:
        value: Any

    @dataclass
    class Header:
        name: str
        value: Any

    @dataclass
    class Insertion:
        at: int
        parameter: str

    @dataclass
    class Request:
        method: str
        url: Any
        headers: list[Any]
        body: bytes
        body_secrets: list[Any]
        timeout_ms: Optional[int]
        once: Optional[str]

    def __init__(self, world: Any):
        self._world = world

    def send(self, request: Any) -> sdk_http.Response:
        def text(value: Any) -> sdk_http.Text:
            if isinstance(value, Http.Text_Secret):
                return sdk_http.Secret(value.value.parameter, value.value.prefix)
            return value.value

        headers = [(header.name, text(header.value)) for header in request.headers]
        timeout = None if request.timeout_ms is None else request.timeout_ms / 1000
        body = request.body
        for place in reversed(request.body_secrets):
            body = body[: place.at] + b"{" + place.parameter.encode("utf-8") + b"}" + body[place.at :]
        return self._world.answer(sdk_http.Request(request.method, text(request.url), headers, body, timeout, request.once))

    def forget(self, once: str) -> None:
        self._world.journal.pop(once, None)


class Mail:
    """The interface ``mail``."""

    @dataclass
    class Message:
        to: list[str]
        subject: str
        text: str
        once: Optional[str]

    def __init__(self, world: Any):
        self._world = world

    def send(self, message: Any) -> str:
        return self._world.deliver(sdk_mail.Message(message.to, message.subject, message.text, message.once))


class State:
    """The interface ``state``."""

    def __init__(self, world: Any):
        self._world = world

    def get(self, key: str) -> Optional[bytes]:
        return self._world.state.get(_key(key))

    def set(self, key: str, value: bytes) -> None:
        self._world.state[_key(key)] = value

    def remove(self, key: str) -> None:
        self._world.state.pop(_key(key), None)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self._world.state if key.startswith(prefix))


def _key(key: str) -> str:
    if not 1 <= len(key.encode("utf-8")) <= 256 or any(ord(letter) < 32 or ord(letter) == 127 for letter in key):
        raise Err(Error_InvalidKey(key))
    return key


class Log:
    """The interface ``log``."""

    Level = Level

    def __init__(self, world: Any):
        self._world = world

    def write(self, level: Level, message: str) -> None:
        self._world.lines.append((level, message))


class Clock:
    """The interface ``clock``."""

    def __init__(self, world: Any):
        self._world = world

    def now(self) -> float:
        return self._world.now


class Host:
    """All of them, but for those that are denied."""

    def __init__(self, world: Any):
        kinds = {"clients": Clients, "labels": Labels, "http": Http, "mail": Mail, "state": State, "log": Log, "clock": Clock}
        self._capabilities = {name: kind(world) for name, kind in kinds.items() if name not in world.denied}

    def __getattr__(self, capability: str) -> Any:
        try:
            return self._capabilities[capability]
        except KeyError:
            raise Denied(capability, f"grant `{capability}`") from None
