"""Tells of processes with a long command line: an artifact to start from."""

from dataclasses import dataclass

from watchbox import Artifact, Batch, export, parameter


@dataclass
class Parameters:
    """The parameters, as ``artifact.yaml`` names them."""

    longest: int = parameter("Longest")


class LongCommands(Artifact):
    parameters: Parameters

    def events(self, batch: Batch):
        for event in batch:
            # Columns come from endpoints: never trust their presence or type.
            command_line = event.get("CommandLine")
            if isinstance(command_line, str) and len(command_line) > self.parameters.longest:
                yield {"ClientId": event["ClientId"], "CommandLine": command_line, "Length": len(command_line)}


Handler = export(LongCommands)
