"""What a decoded script itself tells: that it unpacks another, that it is cut."""

import re

_NESTED = [("frombase64string", "nested-base64"), ("deflatestream", "nested-deflate"), ("gzipstream", "nested-gzip")]

# What can hide a quote, whole, by PowerShell's rules as far as they concern that; then what begins one of these and does not end it.
_WHOLE = r"""<\#.*?\#>|@'[ \t]*[\r\n].*?\n'@|@"[ \t]*[\r\n].*?\n"@|(?<![\s\S])\#[^\n]*|(?<=[\s;{}()|&])\#[^\n]*|'[^']*'|"(?:[^"`]|`.)*"|`.?"""
_CUT = r"""(?P<cut><\#|@'(?=[ \t]*[\r\n])|@"(?=[ \t]*[\r\n])|'|")"""
_TOKEN = re.compile(f"{_WHOLE}|{_CUT}", re.DOTALL)


def oddities(text: str) -> list[str]:
    """What is odd about a script."""
    lower = text.lower()
    found = [oddity for word, oddity in _NESTED if word in lower]
    # A script that ends within a quoted text or a block comment can't run.
    if any(token["cut"] for token in _TOKEN.finditer(text)):
        found.append("unfinished")
    return found
