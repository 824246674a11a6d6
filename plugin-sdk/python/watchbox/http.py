"""Sends HTTP requests. Needs the grant ``http``.

::

    response = http.post(http.secret("token_url"), json={"text": "Client C.1 has appeared online"}, timeout=10, once="C.1")
    if response.status == 429:
        raise Retry("asked to wait", after=float(response.header("retry-after") or 1))
"""

import json as _json
from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Optional, Union

from ._contract import Err
from ._failure import CapabilityError, Denied
from ._host import host, refused


@dataclass(frozen=True)
class Secret:
    """A place where the host fills a parameter of type ``secret`` in. The artifact never sees the value."""

    parameter: str
    prefix: str = ""


def secret(parameter: str, prefix: str = "") -> Secret:
    """``prefix`` and then the value of a secret parameter, filled in only towards destinations whose grant names it:
    ``secret("token", "Bearer ")``."""
    return Secret(parameter, prefix)


Text = Union[str, Secret]
Body = Union[bytes, str, list[Union[bytes, str, Secret]]]
Headers = Union[Mapping[str, Text], Iterable[tuple[str, Text]]]


@dataclass
class Request:
    """A request, as :class:`watchbox.testing.World` shows it to a test: in the body, ``{name}`` stands where a secret goes."""

    method: str
    url: Text
    headers: list[tuple[str, Text]] = field(default_factory=list)
    body: bytes = b""
    timeout: Optional[float] = None
    once: Optional[str] = None

    def json(self) -> Any:
        """The body read as JSON."""
        return _json.loads(self.body)


@dataclass
class Response:
    """A response, whatever its status."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    """The headers as received, names in lower case."""
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the status is 200 to 299."""
        return 200 <= self.status < 300

    def header(self, name: str) -> Optional[str]:
        """The first header of this name, which is compared without regard to case."""
        return next((value for given, value in self.headers if given.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body read as JSON."""
        return _json.loads(self.body)


class InvalidRequest(CapabilityError):
    """The request itself is wrong. Nothing was sent."""

    def __init__(self, text: str):
        super().__init__(f"http: no request: {text}")


class Unreachable(CapabilityError):
    """Name resolution, connection, TLS or the exchange itself failed. Whether the other side acted on it is unknown."""

    def __init__(self, text: str):
        super().__init__(f"http: unreachable: {text}")


class Timeout(CapabilityError):
    """There was no full response in time. Whether the other side acted on it is unknown."""

    def __init__(self, _: Any = None):
        super().__init__("http: no response in time")


class TooLarge(CapabilityError):
    """The response's body is larger than the limit, in bytes. The request was made."""

    def __init__(self, limit: int):
        super().__init__(f"http: the response has more than the limit of {limit} bytes")
        self.limit = limit


class Limited(CapabilityError):
    """The grant's requests a minute are spent: ``after`` seconds from now there is room for one more. Nothing was sent."""

    def __init__(self, after_ms: int):
        super().__init__(f"http: the requests a minute are spent, the next one may be sent in {after_ms} ms")
        self.after = after_ms / 1000


_KINDS = {
    "InvalidRequest": InvalidRequest,
    "Unreachable": Unreachable,
    "Timeout": Timeout,
    "TooLarge": TooLarge,
    "Limited": Limited,
}


def request(
    method: str,
    url: Text,
    *,
    headers: Headers = (),
    body: Body = b"",
    json: Any = None,
    timeout: Optional[float] = None,
    once: Optional[str] = None,
) -> Response:
    """Sends a request and waits for its response, whatever its status.

    ``body`` may be a list of parts, secrets among them, for services that want their key there:
    ``body=["client_secret=", http.secret("client_secret")]``. ``json`` is sent as the body, with the header ``content-type`` that says so.
    ``timeout`` is in seconds, 30 where none is given. ``once`` names the effect within its turn: if the turn is tried again, what was settled under this name is not done again, even if the body now
    differs; any answer but 408, 425, 429 and 5xx settles it.
    """
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if json is not None:
        body = _json.dumps(json, separators=(",", ":"), allow_nan=False)
        pairs.append(("content-type", "application/json"))
    whole, secrets = _body(body)
    return _send(Request(method, url, pairs, whole, timeout, once), secrets)


def get(url: Text, **more: Any) -> Response:
    """A GET; see :func:`request`."""
    return request("GET", url, **more)


def post(url: Text, **more: Any) -> Response:
    """A POST; see :func:`request`."""
    return request("POST", url, **more)


def put(url: Text, **more: Any) -> Response:
    """A PUT; see :func:`request`."""
    return request("PUT", url, **more)


def forget(once: str) -> None:
    """Forgets what settled the request of this ``once`` name, so that the next call makes it again: in a further try of the turn, when its dead
    letter is redriven, in the ticks that follow one that was set aside.

    For an answer that somebody can mend the cause of, such as a 401 for a key that ran out: forget it, then raise ``Retry`` or ``Reject``. What the
    other side did for the request it may then do twice.
    """
    try:
        contract = host().http
    except Denied:
        # As in the host: what was not granted has sent nothing.
        return
    contract.forget(once)


def _body(body: Body) -> tuple[bytes, list[tuple[int, str]]]:
    """The body without its secrets, and the place of each."""
    whole, secrets = bytearray(), []
    for part in body if isinstance(body, (list, tuple)) else [body]:
        if isinstance(part, Secret):
            whole += part.prefix.encode("utf-8")
            secrets.append((len(whole), part.parameter))
        else:
            whole += part.encode("utf-8") if isinstance(part, str) else part
    return bytes(whole), secrets


def _send(made: Request, secrets: list[tuple[int, str]]) -> Response:
    contract = host().http

    def text(value: Text) -> Any:
        if isinstance(value, Secret):
            return contract.Text_Secret(contract.Secret(value.parameter, value.prefix))
        return contract.Text_Plain(value)

    headers = [contract.Header(name, text(value)) for name, value in made.headers]
    places = [contract.Insertion(at, parameter) for at, parameter in secrets]
    timeout = None if made.timeout is None else max(0, round(made.timeout * 1000))
    try:
        answer = contract.send(contract.Request(made.method, text(made.url), headers, made.body, places, timeout, made.once))
    except Err as error:
        refused("http", error.value, _KINDS)
    return Response(answer.status, list(answer.headers), answer.body)
