"""Server.Mail.Alert: tells of rows by mail, each kind once in a while, and what is more together."""

import json
from typing import Any, Iterator, NamedTuple, Optional

import letter
from budget import Budget
from held_back import About, HeldBack
from parameters import Parameters
from safe import in_header, safe
from watchbox import Artifact, Batch, Denied, Retry, Tick, clock, export, log, mail
from watchbox.alerts import Alerts
from watchbox.digest import Names
from watchbox.text import column, cut, fill, shown
from watchbox.windows import Windows, key_of

# The shortest time within which mails are counted, in seconds.
_LEAST_INTERVAL = 60

# How much of a value stands in a subject, how long that is, and how much else is kept of what a kind of rows is known by.
_LONGEST_VALUE = 100
_LONGEST_SUBJECT = 160
_LONGEST_ABOUT = 150

# How much is shown of a column's name that nobody asked for.
_LONGEST_NAME = 60

# How much of an event's JSON tells it from others of its key and time.
_TELLING = 2_000

_NOTHING = object()


class MailAlert(Artifact):
    parameters: Parameters

    def configure(self) -> None:
        self.parameters.check()

    def events(self, batch: Batch):
        turn = Turn(self.parameters)
        yield from turn.tell_held_back()
        for event in batch:
            try:
                yield from turn.event(event)
            except Retry:
                raise
            except Exception as error:
                # One row that makes no mail stops no other.
                log.error(f"no mail could be made of a row of {event['ClientId']}: {error!r}")
                yield turn.row("alert", None, event["ClientId"], 1, Outcome("not sent", None, repr(error)))
        yield from turn.end()

    def tick(self, tick: Tick):
        turn = Turn(self.parameters)
        yield from turn.end()


class Outcome(NamedTuple):
    """What became of a mail."""

    status: str
    message_id: Optional[str]
    reason: str


class Turn:
    """One turn: what has come, and what is kept of the turns before."""

    def __init__(self, parameters: Parameters):
        self._parameters = parameters
        # In the operator's own words nothing is made safe.
        self._subject = parameters.subject.replace("{alert.log}", parameters.log)
        self._now = clock.now()
        self._budget = Budget(parameters.max_mails, max(parameters.window, _LEAST_INTERVAL), self._now)
        self._windows = Windows(parameters.window)
        self._held = HeldBack()
        self._alerts = Alerts(parameters.log)
        self._names = Names()

    def event(self, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Tells of an event, unless one like it was told of just now."""
        alert = self._alerts.of(event)
        key = key_of(fill(self._parameters.key, alert.columns))
        # As a whole: of columns side by side, one may end in what the next goes on with.
        subject = cut(in_header(fill(self._subject, alert.columns, show=_in_subject).strip()), _LONGEST_SUBJECT) or alert.log
        about = About(subject, cut(alert.client_id, _LONGEST_ABOUT), cut(alert.hostname, _LONGEST_ABOUT))
        tell, more = self._windows.arrives(key, self._now, vars(about))
        if not tell:
            return
        once = self._names.of("alert", key, event.get("_ts"), alert.client_id, json.dumps(event)[:_TELLING])
        outcome = self._send(subject, lambda: letter.of_alert(alert, self._shown(event), more), once)
        if outcome.status == "held back":
            self._held.add(key, about, 1 + more, self._now, self._now)
        yield self.row("alert", key, alert.client_id, 1 + more, outcome)

    def tell_held_back(self) -> Iterator[dict[str, Any]]:
        """Tells together what was held back, if there is something and a mail may go out."""
        count, kinds = self._held.count, self._held.kinds
        if not count or self._budget.lack:
            return
        is_one = len(kinds) == 1 and not self._held.others
        what = kinds[0].about.subject if is_one else self._parameters.log
        once = self._names.of("held back", self._held.nth, count)
        outcome = self._send(f"{count} more: {what}", lambda: letter.of_held_back(self._held, self._parameters.log), once)
        if outcome.status == "held back":
            return
        self._held.told()
        if is_one:
            yield self.row("summary", kinds[0].key, kinds[0].about.client_id, count, outcome)
        else:
            yield self.row("digest", None, None, count, outcome)

    def end(self) -> Iterator[dict[str, Any]]:
        """Tells how many more there were, where windows are over; keeps what is for later turns."""
        for window in self._windows.ended(self._now):
            self._held.add(window.key, About(**window.about), window.more, window.since, window.last)
        yield from self.tell_held_back()
        self._windows.save()
        self._held.save()
        self._budget.save()

    def row(self, kind: str, key: Optional[str], client_id: Optional[str], count: int, outcome: Outcome) -> dict[str, Any]:
        """The row that says what became of a mail."""
        return {
            "Kind": kind,
            "Key": key,
            "ClientId": client_id,
            "To": ", ".join(self._parameters.recipients),
            "Status": outcome.status,
            "MessageId": outcome.message_id,
            "Count": count,
            "Reason": outcome.reason,
        }

    def _send(self, subject: str, text: Any, once: str) -> Outcome:
        """Sends a mail, whose ``text`` is made if it may go out. What another try of the turn can help is a Retry."""
        if lack := self._budget.lack:
            return Outcome("held back", None, lack)
        written, recipients = text(), self._parameters.recipients
        try:
            message_id = mail.send(recipients, subject, written, once=once)
        except mail.Limited as limited:
            # Not a Retry, which would hold up the log for up to an hour, and then tell of each row by itself.
            self._budget.pause(limited.after)
            return Outcome("held back", None, self._budget.lack)
        except (mail.Unavailable, Denied) as error:
            # Also where it is not granted yet: nothing was sent, and nothing is lost.
            raise Retry(str(error)) from None
        except (mail.Refused, mail.InvalidMessage) as error:
            if isinstance(error, mail.Refused) and len(recipients) > 1:
                self._budget.spend()
                return self._send_to_each(subject, written, once)
            log.error(str(error))
            outcome = Outcome("refused", None, str(error))
        else:
            outcome = Outcome("sent", message_id, "")
        self._budget.spend()
        return outcome

    def _send_to_each(self, subject: str, text: str, once: str) -> Outcome:
        """Sends to each recipient alone what the relay did not take for all: one address that is gone keeps it from nobody else.

        Each counts as a mail, and none is left out where that is more than may go out.
        """
        message_ids: list[str] = []
        refused: list[str] = []
        for address in self._parameters.recipients:
            try:
                message_ids.append(mail.send(address, subject, text, once=self._names.of(once, address)))
            except mail.Limited as limited:
                # Some may have it by now: the next try goes on with those who have not.
                raise Retry(str(limited), limited.after) from None
            except (mail.Unavailable, Denied) as error:
                raise Retry(str(error)) from None
            except mail.Refused as error:
                refused.append(f"refused for {address}: {str(error).removeprefix('mail: refused: ')}")
            self._budget.spend()
        reason = "; ".join(refused)
        if reason:
            log.error(f"mail: {reason}")
        return Outcome("sent" if message_ids else "refused", ", ".join(message_ids) or None, reason)

    def _shown(self, event: dict[str, Any]) -> list[tuple[str, Any]]:
        """The columns that a mail shows: those that the parameter names, or all that are not shown elsewhere."""
        if named := self._parameters.columns_shown:
            found = [(name, column(event, name, _NOTHING)) for name in named]
            return [(name, value) for name, value in found if value is not _NOTHING]
        return [(safe(name, _LONGEST_NAME), value) for name, value in event.items() if name not in ("ClientId", "_ts")]


def _in_subject(value: Any) -> str:
    return safe(shown(value), _LONGEST_VALUE)


Handler = export(MailAlert)
