"""Counts the events that match."""

from watchbox import Artifact, export


class Matching(Artifact):
    def events(self, batch):
        return [{"Matched": sum("powershell" in event["CommandLine"] for event in batch)}]


Handler = export(Matching)
