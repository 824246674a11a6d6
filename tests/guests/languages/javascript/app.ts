// Does what an event says.

import { Artifact, type Batch } from "watchbox-sdk";
import * as log from "watchbox-sdk/log";
import * as state from "watchbox-sdk/state";

export default class Languages extends Artifact {
  *events(batch: Batch) {
    for (const event of batch) {
      switch (event.Do) {
        case "echo":
          yield { Value: event.Value };
          break;
        case "emit":
          yield { Big: 2n ** 64n - 1n, Bytes: Uint8Array.of(255, 0), Whole: 1, Text: "a\ud83d", Map: { z: [1, {}], a: null } };
          break;
        case "count":
          state.set("count", state.get("count", 0) + 1);
          log.info("counted");
          yield { Count: state.get<number>("count") };
          break;
        case "throw":
          throw new RangeError("no such thing"); // line 23
      }
    }
  }
}
