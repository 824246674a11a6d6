"""What a payload says: base64 of UTF-16, little end first, or what is left or made of it."""

import base64
import re
from typing import Optional

import script

# How many bytes must stand before a character that is not base64 for the whole to count as a payload and not as a word.
_MIN_BEFORE_JUNK = 16

_SYMBOLS = re.compile(r"[A-Za-z0-9+/]*")
_WHITE = str.maketrans("", "", " \t\r\n")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTROL_BUT_ESCAPE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def decode(payload: str, oddities: list[str]) -> Optional[str]:
    """The script in a payload; ``None`` where there is none to speak of. Notes what is odd about it."""
    content = _bytes(payload, oddities)
    if content is None:
        return None
    if content.startswith(b"\x1f\x8b\x08"):
        oddities.append("gzip")
    text = _text(content, oddities)
    if not text:
        return None
    if _CONTROL.search(text):
        oddities.append("control-characters")
    oddities.extend(script.oddities(text))
    return text


def _bytes(payload: str, oddities: list[str]) -> Optional[bytes]:
    """The bytes of a payload, as far as it is base64. White space in it is passed over, as .NET does."""
    symbols = payload.translate(_WHITE)
    end = _SYMBOLS.match(symbols).end()
    padding = symbols[end:]
    padded = not padding.strip("=")
    if not padded:
        oddities.append("not-base64")
    elif len(symbols) % 4 or len(padding) > 2:
        oddities.append("truncated")
    # A single symbol behind the last quantum holds no whole byte.
    plain = symbols[: end - 1 if end % 4 == 1 else end]
    content = base64.b64decode(plain + "=" * (-len(plain) % 4))
    return content if content and (padded or len(content) >= _MIN_BEFORE_JUNK) else None


def _text(content: bytes, oddities: list[str]) -> str:
    """The text of a payload's bytes."""
    utf8 = _utf8(content)
    if utf8 is not None:
        oddities.append("not-utf16")
        return utf8
    if len(content) % 2:
        if "truncated" not in oddities:
            oddities.append("truncated")
        content = content[:-1]
    # ASCII, which every script has some of, tells which end comes first.
    even, odd = content[::2], content[1::2]
    big_end = content.startswith(b"\xfe\xff") or _ascii(even, odd) > _ascii(odd, even)
    if big_end:
        oddities.append("utf-16be")
    text = content.decode("utf-16-be" if big_end else "utf-16-le", "surrogatepass")
    text, lone = _SURROGATE.subn("\ufffd", text)
    if lone:
        oddities.append("lone-surrogate")
    if text.startswith("\ufeff"):
        oddities.append("bom")
    return text


def _ascii(high: bytes, low: bytes) -> int:
    return sum(1 for a, b in zip(high, low) if a == 0 and b != 0)


def _utf8(content: bytes) -> Optional[str]:
    """The bytes as UTF-8, if that is what they are. UTF-16 of a script is not: its ASCII brings zeros along."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if len(content) > 2 and not _CONTROL_BUT_ESCAPE.search(text) else None
