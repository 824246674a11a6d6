"""What an artifact prints goes to the log, since there is nothing else to write to."""

import io
import sys

from . import log


class _Lines(io.TextIOBase):
    def __init__(self, level: log.Level):
        self._level = level
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            log.write(self._level, line)
        return len(text)


def redirect() -> None:
    """``print`` writes lines of level ``info``, stderr of level ``warn``."""
    sys.stdout = _Lines(log.Level.INFO)  # type: ignore[assignment]
    sys.stderr = _Lines(log.Level.WARN)  # type: ignore[assignment]
