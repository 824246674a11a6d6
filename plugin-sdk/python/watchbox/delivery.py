"""Requests that deliver something: what another try can help is a :class:`watchbox.Retry`, with the pause that was asked for. Needs the grant
``http``."""

import math
import re
from datetime import datetime, timezone
from typing import Any, Optional

from . import http
from ._failure import Denied, Retry

# The pause where 429 comes without one that can be read, and the longest that is believed, in seconds.
_PAUSE = 60.0
_LONGEST_PAUSE = 86_400.0

# How much of an answer's text is told.
_TOLD = 200

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"\w{{3}}, (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)


def deliver(method: str, url: http.Text, **options: Any) -> http.Response:
    """Sends a request, and gives its response where no other try would change it: 2xx, and refusals. ``options`` are those of
    :func:`watchbox.http.request`.

    Raises :class:`watchbox.Retry` otherwise, so that the turn is tried again: after 408, 425, 429 and 5xx (not before the pause that
    ``retry-after`` asks for; a minute where 429 asks for none), without an answer, when the grant's requests a minute are spent, and where no
    grant covers it: nothing is lost meanwhile. What was settled before under its ``once`` name is not sent again. ``http.InvalidRequest`` and
    ``http.TooLarge`` stay what they are.
    """
    try:
        response = http.request(method, url, **options)
    except http.Limited as limited:
        raise Retry(str(limited), after=limited.after) from None
    except (http.Unreachable, http.Timeout, Denied) as error:
        raise Retry(str(error)) from None
    if asks_for_patience(response.status):
        text = response.text.strip()[:_TOLD]
        pause = pause_of(response, _PAUSE if response.status == 429 else 0)
        raise Retry(f"answered {response.status}{': ' if text else ''}{text}", after=pause)
    return response


def asks_for_patience(status: int) -> bool:
    """Whether a status asks for another try: 408, 425, 429, 5xx."""
    return status in (408, 425, 429) or status >= 500


def pause_of(response: http.Response, otherwise: float = 0.0) -> float:
    """The pause that a response asks for by ``retry-after``, in seconds, a day at most; ``otherwise`` where it asks for none, a minute where it
    can't be read."""
    asked = (response.header("retry-after") or "").strip()
    if not asked:
        return otherwise
    try:
        seconds = float(asked)
    except ValueError:
        # A date, by the other side's clock.
        then, now = _moment(asked), _moment(response.header("date") or "")
        seconds = math.nan if then is None or now is None else then - now
    return _PAUSE if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_PAUSE)


# By hand: what the library reads dates with is loaded at run time, when there is no file system to find it in.
def _moment(date: str) -> Optional[float]:
    """A date of HTTP in seconds since the Unix epoch."""
    found = _DATE.fullmatch(date.strip())
    if found is None:
        return None
    day, month, year, *clock = found.groups()
    try:
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), *map(int, clock), tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
