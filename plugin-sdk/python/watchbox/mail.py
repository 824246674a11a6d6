"""Sends mail. Needs the grant ``mail``.

::

    mail.send("soc@example.org", "Encoded command on WS-1", text, once="C.1")

The relay and the sender are the server's. A message is plain text.
"""

from dataclasses import dataclass, field
from typing import Any, Iterable, Optional, Union

from ._contract import Err
from ._failure import CapabilityError
from ._host import host, refused


@dataclass
class Message:
    """A message, as :class:`watchbox.testing.World` shows it to a test."""

    to: list[str] = field(default_factory=list)
    subject: str = ""
    text: str = ""
    once: Optional[str] = None


class InvalidMessage(CapabilityError):
    """The message itself is wrong. Nothing was sent."""

    def __init__(self, text: str):
        super().__init__(f"mail: no message: {text}")


class Refused(CapabilityError):
    """The relay refused it, and always will."""

    def __init__(self, text: str):
        super().__init__(f"mail: refused: {text}")


class Unavailable(CapabilityError):
    """It can't be sent just now: let the turn be tried again, with :class:`watchbox.Retry`."""

    def __init__(self, text: str):
        super().__init__(f"mail: unavailable: {text}")


class Limited(CapabilityError):
    """The grant's mails an hour are spent: ``after`` seconds from now there is room for one more. Nothing was sent."""

    def __init__(self, after_ms: int):
        super().__init__(f"mail: the mails an hour are spent, the next one may be sent in {after_ms} ms")
        self.after = after_ms / 1000


_KINDS = {"InvalidMessage": InvalidMessage, "Refused": Refused, "Unavailable": Unavailable, "Limited": Limited}


def send(to: Union[str, Iterable[str]], subject: str, text: str, *, once: Optional[str] = None) -> str:
    """Sends a message and waits until the relay took it over. Gives its ``Message-ID``.

    ``once`` names the effect within its turn: if the turn is tried again, what was settled under this name is not sent again, even if the text now
    differs.
    """
    return _send(Message([to] if isinstance(to, str) else list(to), subject, text, once))


def _send(made: Message) -> str:
    contract = host().mail
    try:
        return contract.send(contract.Message(made.to, made.subject, made.text, made.once))
    except Err as error:
        refused("mail", error.value, _KINDS)
