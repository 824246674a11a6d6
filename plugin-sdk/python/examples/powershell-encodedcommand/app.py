"""Server.Powershell.EncodedCommand: decodes the commands that were given to PowerShell in base64.

A command line goes through :mod:`command` (which programs are in it, once cmd is done), :mod:`argv` (what its arguments are, once the C runtime is
done), :mod:`parameters` (which of them is the payload, by PowerShell's rules) and :mod:`payload` (what it says).
"""

from typing import Iterator

import command
import parameters
import payload
from watchbox import Artifact, Batch, export


def decode(command_line: str) -> Iterator[tuple[str, str]]:
    """Every encoded command in a command line, in order: the script, and what is odd about it as words with commas between them."""
    for shell, arguments in command.shells(command_line):
        if found := parameters.payload(shell, arguments):
            coded, oddities = found
            script = payload.decode(coded, oddities)
            if script is not None:
                yield script, ",".join(oddities)


class EncodedCommand(Artifact):
    """The artifact. It has no parameters."""

    def events(self, batch: Batch):
        for process in batch:
            command_line = process.get("CommandLine")
            if not isinstance(command_line, str):
                continue
            for script, oddities in decode(command_line):
                yield {
                    "ClientId": process["ClientId"],
                    "ParentInfo": process.get("ParentInfo"),
                    "CommandLine": command_line,
                    "Timestamp": process.get("Timestamp"),
                    "Script": script,
                    "Oddities": oddities,
                }


Handler = export(EncodedCommand)
