// Counts the events that match.

import { Artifact } from "watchbox-sdk";

export default class Matching extends Artifact {
  events(batch) {
    let matched = 0;
    for (const event of batch) {
      if (event.CommandLine.includes("powershell")) matched++;
    }
    return [{ Matched: matched }];
  }
}
