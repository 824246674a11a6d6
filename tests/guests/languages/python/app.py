"""Does what an event says."""

from watchbox import Artifact, export, log, state


class Languages(Artifact):
    def events(self, batch):
        for event in batch:
            match event.get("Do"):
                case "echo":
                    yield {"Value": event.get("Value")}
                case "emit":
                    yield {"Big": 2**64 - 1, "Bytes": b"\xff\x00", "Whole": 1, "Text": "a\ud83d", "Map": {"z": [1, {}], "a": None}}
                case "count":
                    state.set("count", state.get("count", 0) + 1)
                    log.info("counted")
                    yield {"Count": state.get("count")}
                case "throw":
                    raise LookupError("no such thing")  # line 19


Handler = export(Languages)
