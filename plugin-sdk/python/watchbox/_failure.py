"""Why a turn does not count, and how an exception becomes text."""

from types import TracebackType
from typing import Optional


class Retry(Exception):
    """Something outside was not ready: try this turn again, not before ``after`` seconds from now."""

    def __init__(self, reason: str, after: float = 0.0):
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Reject(Exception):
    """No further try can help: the trigger is set aside at once, a batch as a whole."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class CapabilityError(Exception):
    """A call of a capability that gave no answer. Uncaught, it is a fault."""


class Denied(CapabilityError):
    """No grant covers the call. The text names the grant that would."""

    def __init__(self, capability: str, text: str):
        super().__init__(f"{capability}: denied: {text}")
        self.capability = capability


_MOST_PLACES = 6


def describe(error: BaseException) -> str:
    """An exception's type, text, place and causes, for the operator."""
    text = _one(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for _ in range(4):
        if cause is None:
            break
        text = f"{text}; because of {_one(cause)}"
        cause = cause.__cause__
    return text


def _one(error: BaseException) -> str:
    name = type(error).__name__
    message = str(error)
    text = f"{name}: {message}" if message else name
    places = _places(error.__traceback__)
    return f"{text} ({', '.join(places)})" if places else text


# The SDK's own folder, wherever it is: an author's may be called `watchbox` as well.
_OWN = describe.__code__.co_filename.replace("\\", "/").rpartition("/")[0] + "/"


# By hand: the module `traceback` asks the file system, which is not there.
def _places(traceback: Optional[TracebackType]) -> list[str]:
    """Where it was raised and through what it came, innermost first, without the SDK's own functions."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        file = code.co_filename.replace("\\", "/")
        if not file.startswith(_OWN):
            places.append(f"{file.rsplit('/', 1)[-1]}:{traceback.tb_lineno} in {code.co_name}")
        traceback = traceback.tb_next
    places.reverse()
    return places[:_MOST_PLACES]
