"""Which PowerShells a command line starts: itself one, or one behind cmd or another program that starts what it is told to."""

import re
from enum import Enum
from typing import Iterator, Optional

import argv

_MAX_DEPTH = 8


class Shell(Enum):
    """Which PowerShell it is: they differ in their parameters."""

    WINDOWS = "powershell.exe, up to 5.1"
    CORE = "pwsh.exe, from 6 on"


Started = tuple[Shell, list[str]]

_SHELLS = {"powershell": Shell.WINDOWS, "pwsh": Shell.CORE, "pwsh-preview": Shell.CORE}
# By its name or by the variable that holds it; a service's command line doubles the percent signs.
_CMD = {"cmd", "%comspec%", "%%comspec%%"}
# Programs, and commands of cmd, that run what stands in their arguments.
_LAUNCHERS = set("start call if for forfiles conhost runas psexec psexec64 paexec wmic schtasks".split())


def base_name(program: str) -> str:
    """A program's name in lower case, without its folder and ``.exe``."""
    return re.split(r"[\\/]", program.strip())[-1].lower().removesuffix(".exe")


def shells(line: str) -> list[Started]:
    """Each PowerShell that ``line`` starts, in order, and its arguments."""
    found: list[Started] = []
    _find(line, 0, found)
    return found


def _find(line: str, depth: int, found: list[Started]) -> None:
    if depth == _MAX_DEPTH:
        return
    program, rest = argv.program(line)
    name = base_name(program)
    if name in _SHELLS:
        found.append((_SHELLS[name], argv.arguments(rest)))
    elif name in _CMD:
        before = len(found)
        for script in _cmd_scripts(rest):
            if len(found) == before:
                _find_in_script(script, depth, found)
    elif name in _LAUNCHERS:
        _find_in_arguments(rest, depth, found)
    elif started := _unquoted_path(line):
        found.append(started)
    elif "^" in program:
        # As it was typed to cmd, which is not in the line itself.
        _find_in_script(line, depth, found)


def _find_in_script(script: str, depth: int, found: list[Started]) -> None:
    for command in _cmd_commands(script):
        _find(command, depth + 1, found)


def _find_in_arguments(rest: str, depth: int, found: list[Started]) -> None:
    """A launcher's arguments: a program and its arguments, or a whole command line in one argument."""
    rest = rest.lstrip(argv.SPACE)
    while rest:
        argument, behind = argv.first(rest)
        name = base_name(argument)
        if name in _SHELLS or name in _CMD:
            _find(rest, depth + 1, found)
            return
        if " " in argument or "\t" in argument:
            _find(argument, depth + 1, found)
        rest = behind.lstrip(argv.SPACE)


def _unquoted_path(line: str) -> Optional[Started]:
    r"""A path with spaces and without quotes, as in ``C:\Program Files\PowerShell\7\pwsh.exe -e``: Windows tries it word by word."""
    line = line.lstrip()
    if line[1:3] != ":\\":
        return None
    ends = [match.start() for match in re.finditer(r"[ \t]", line)] + [len(line)]
    for end in ends[1:9]:
        if '"' in line[:end]:
            return None
        if shell := _SHELLS.get(base_name(line[:end])):
            return shell, argv.arguments(line[end:])
    return None


def _cmd_scripts(rest: str) -> Iterator[str]:
    """What cmd is told to run: what follows its switch ``/c``, ``/k`` or ``/r``. Where that begins with a quote there are two readings, since
    cmd takes that quote and the last one off only if some conditions hold; the usual one comes first."""
    while True:
        rest = rest.lstrip(" \t,;=")
        if not rest.startswith("/") or len(rest) < 2:
            return
        letter, more = rest[1].lower(), rest[2:]
        if letter in "ckr":
            rest = more.lstrip(argv.SPACE)
            break
        rest = more[re.match(r"[^ \t/]*", more).end() :]
    if rest.startswith('"'):
        inner = rest[1:]
        before, quote, behind = inner.rpartition('"')
        yield before + behind if quote else inner
    yield rest


_TARGET = re.compile(r"[><& \t]*[^ \t&|\n<>]*")
_HANDLE = re.compile(r"(?<=[ \t])[0-9]$")


def _cmd_commands(script: str) -> list[str]:
    """The commands of a cmd script, as the programs are given them: divided at ``&``, ``|`` and line ends, without carets, redirections, and the
    parentheses and ``@`` before them. All of these are plain within quotes."""
    commands = [""]
    quoted = False
    at = 0
    while at < len(script):
        letter = script[at]
        at += 1
        if letter == '"':
            quoted = not quoted
            commands[-1] += letter
        elif quoted and letter != "\n":
            commands[-1] += letter
        elif letter == "^":
            commands[-1] += script[at : at + 1]
            at += 1
        elif letter in "&|\n\r":
            quoted = False
            commands.append("")
        elif letter in "(@" and not commands[-1].strip():
            pass
        elif letter in "><":
            # `2>` says which handle; `a2>` ends in a word of its own.
            commands[-1] = _HANDLE.sub("", commands[-1]) + " "
            at = _TARGET.match(script, at).end()
        else:
            commands[-1] += letter
    return commands
