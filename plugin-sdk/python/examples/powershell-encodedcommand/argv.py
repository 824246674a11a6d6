"""From a command line to arguments, by the rules of the C runtime on Windows, which both shells' programs are started through.

Spaces and tabs outside of quotes divide. A quote begins or ends a quoted part and is dropped; within one, two quotes are one. ``2n`` backslashes
before a quote are ``n``, ``2n+1`` are ``n`` and make it a plain quote; elsewhere backslashes are plain. The program's name knows quotes only.
"""

import re

SPACE = " \t"
_PROGRAM = re.compile(r'(?:"[^"]*(?:"|$)|[^" \t])*')
_PLAIN = re.compile(r'[^"\\ \t]+')
_BACKSLASHES = re.compile(r"\\+")


def program(line: str) -> tuple[str, str]:
    """The program's name and what follows it, as it stands there."""
    line = line.lstrip(SPACE)
    end = _PROGRAM.match(line).end()
    return line[:end].replace('"', ""), line[end:]


def arguments(rest: str) -> list[str]:
    """The arguments in what follows the program's name."""
    found = []
    rest = rest.lstrip(SPACE)
    while rest:
        argument, rest = first(rest)
        found.append(argument)
        rest = rest.lstrip(SPACE)
    return found


def first(text: str) -> tuple[str, str]:
    """The argument at the start of ``text``, and what follows it."""
    parts = []
    quoted = False
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == '"':
            at += 1
            if quoted and text.startswith('"', at):
                parts.append('"')
                at += 1
            else:
                quoted = not quoted
        elif letter == "\\":
            end = _BACKSLASHES.match(text, at).end()
            count = end - at
            at = end
            if not text.startswith('"', at):
                parts.append("\\" * count)
                continue
            parts.append("\\" * (count // 2))
            if count % 2:
                parts.append('"')
                at += 1
        elif letter in SPACE:
            if not quoted:
                break
            parts.append(letter)
            at += 1
        else:
            end = _PLAIN.match(text, at).end()
            parts.append(text[at:end])
            at = end
    return "".join(parts), text[at:]
