"""PowerShell's own parameters: which argument is the encoded command.

The rules are those of ``CommandLineParameterParser``: a parameter may be shortened to any prefix of at least some length, the first table entry
that fits wins, and from ``-Command``, ``-File`` or the first argument that is no parameter on, all is script text.
"""

import re
from enum import Enum, auto
from typing import Optional

from command import Shell


class Kind(Enum):
    """What a parameter does to the arguments behind it."""

    FLAG = auto()
    """Nothing."""
    VALUE = auto()
    """It takes the next one."""
    ENCODED = auto()
    """It takes the next one as the encoded command."""
    FILE = auto()
    """It takes all of them, unless its value is ``-`` (read from stdin)."""
    SCRIPT = auto()
    """It takes all of them."""
    ENDS = auto()
    """What follows does not matter: the shell shows something and ends."""


def _table(text: str) -> list[tuple[str, int, Kind]]:
    """Lines of a name, the length of its shortest form, and what it does."""
    rows = (line.split() for line in text.strip().splitlines())
    return [(name, int(shortest), Kind[kind]) for name, shortest, kind in rows]


_BOTH = _table("""
    help 1 ENDS
    ? 1 ENDS
    noexit 3 FLAG
    noprofile 3 FLAG
    nologo 3 FLAG
    noninteractive 4 FLAG
    socketservermode 2 FLAG
    v2socketservermode 4 FLAG
    servermode 1 FLAG
    namedpipeservermode 3 FLAG
    sshservermode 4 FLAG
    noprofileloadtime 17 FLAG
    configurationfile 17 VALUE
    configurationname 6 VALUE
    custompipename 3 VALUE
    commandwithargs 15 SCRIPT
    cwa 3 SCRIPT
    command 1 SCRIPT
    windowstyle 1 VALUE
    file 1 FILE
    isswait 7 FLAG
    outputformat 1 VALUE
    of 2 VALUE
    inputformat 3 VALUE
    if 2 VALUE
    executionpolicy 2 VALUE
    ep 2 VALUE
    encodedcommand 1 ENCODED
    ec 1 ENCODED
    encodedarguments 8 VALUE
    ea 2 VALUE
    settingsfile 8 VALUE
    sta 3 FLAG
    mta 3 FLAG
    workingdirectory 2 VALUE
    wd 2 VALUE
    removeworkingdirectorytrailingcharacter 39 FLAG
    token 2 VALUE
    utctimestamp 3 VALUE
""")

# What is tried earlier for one of the two stands before what both have.
_TABLES = {
    Shell.WINDOWS: _table("""
        version 1 VALUE
        psconsolefile 1 VALUE
        importsystemmodules 3 FLAG
        inputformat 1 VALUE
    """) + _BOTH,
    Shell.CORE: _table("""
        version 1 ENDS
        login 1 FLAG
        interactive 1 FLAG
    """) + _BOTH,
}

_SWITCH = re.compile("(?:[-\u2013\u2014\u2015]|/)[-\u2013\u2014\u2015]?(.*)", re.DOTALL)


def payload(shell: Shell, arguments: list[str]) -> Optional[tuple[str, list[str]]]:
    """The encoded command among the arguments, as it stands there, and what is odd about it."""
    found: Optional[str] = None
    oddities: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        switch = _SWITCH.fullmatch(argument.strip())
        # Without one, the script's name or text begins here, which may not follow a command.
        key = switch[1] if switch else None
        kind = None if key is None else _kind(shell, key)
        if kind is Kind.FLAG:
            continue
        if kind is Kind.VALUE:
            next(rest, None)
            continue
        if kind is Kind.ENCODED and found is None:
            found = next(rest, None)
            if found is None:
                return None
            continue
        if kind is Kind.FILE and next(rest, None) == "-":
            continue
        if kind is Kind.ENDS:
            break
        if found is not None:
            oddities.append("refused")
        elif key is not None and kind is None:
            found = _behind_colon(shell, key, next(rest, None))
            if found is not None:
                oddities.append("colon")
        break
    return None if found is None else (found, oddities)


def _kind(shell: Shell, key: str) -> Optional[Kind]:
    key = key.lower()
    for name, shortest, kind in _TABLES[shell]:
        if len(key) >= shortest and name.startswith(key):
            return kind
    return None


def _behind_colon(shell: Shell, key: str, following: Optional[str]) -> Optional[str]:
    """The payload of ``-EncodedCommand:payload`` or ``-EncodedCommand: payload``."""
    name, *payload = re.split("[:=]", key, maxsplit=1)
    if not payload or _kind(shell, name) is not Kind.ENCODED:
        return None
    return payload[0] or following
