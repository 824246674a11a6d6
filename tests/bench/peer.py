"""The same job in Python: read NDJSON, filter, decode base64 and UTF-16LE, write rows. What many run today."""
import base64
import json
import re
import sys

ENCODED = re.compile(r"(?i)(?:powershell|pwsh).*?\s[-/\u2013\u2014\u2015]e(?:c|n[a-z]*)?\s+([A-Za-z0-9+/=]+)")

with open(sys.argv[1], encoding="utf-8") as events:
    for line in events:
        event = json.loads(line)
        found = ENCODED.search(event.get("CommandLine") or "")
        if found is None:
            continue
        try:
            script = base64.b64decode(found[1]).decode("utf-16-le")
        except ValueError:
            continue
        row = {column: event.get(column) for column in ("ClientId", "ParentInfo", "CommandLine", "Timestamp")}
        print(json.dumps(row | {"Script": script}))
