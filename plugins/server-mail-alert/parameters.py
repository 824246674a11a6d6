"""The parameters, and what must hold of them."""

import re
from dataclasses import dataclass

from watchbox import parameter

_ADDRESS = re.compile(r"(?!-)[\w+=&'~#-]+(?:\.[\w+=&'~#-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.ASCII | re.IGNORECASE)

# The most recipients that a message may have.
_MOST_RECIPIENTS = 50


@dataclass
class Parameters:
    """As ``artifact.yaml`` names them."""

    log: str = parameter("Log")
    to: str = parameter("To")
    subject: str = parameter("Subject")
    key: str = parameter("Key")
    window: int = parameter("Window")
    max_mails: int = parameter("MaxMails")
    columns: str = parameter("Columns")

    def check(self) -> None:
        """``ValueError`` says what makes no sense."""
        for address in self.recipients:
            if not _ADDRESS.fullmatch(address):
                raise ValueError(f"To: `{address}` is no mail address")
        if not 1 <= len(self.recipients) <= _MOST_RECIPIENTS:
            raise ValueError(f"To has {len(self.recipients)} addresses; 1 to {_MOST_RECIPIENTS} are wanted, with commas between them")
        if not self.subject.strip():
            raise ValueError("Subject is empty")
        if not self.key.strip():
            raise ValueError("Key is empty: give it the columns that make two rows alike, such as {ClientId}")
        if not 0 <= self.window <= 86_400:
            raise ValueError("Window is a number of seconds, from 0 to 86400")
        if not 1 <= self.max_mails <= 1_000:
            raise ValueError("MaxMails is a number from 1 to 1000")

    @property
    def recipients(self) -> list[str]:
        """Who gets the mails, each once."""
        return list(dict.fromkeys(_named(self.to)))

    @property
    def columns_shown(self) -> list[str]:
        """The columns that a mail shows; none for all."""
        return _named(self.columns)


def _named(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
