// What Teams' answer to a message means.

import { asksForPatience, pauseOf } from "watchbox-sdk/delivery";
import type { Response } from "watchbox-sdk/http";
import { cut } from "watchbox-sdk/text";

// How much of an answer's text is kept.
const TEXT = 500;

// What became of a message: `later` is for an answer that says 200 and means another status.
export interface Answer {
  outcome: "sent" | "refused" | "later";
  // None where nothing was sent.
  status: number | null;
  text: string;
  // With `later`: the pause that it asks for, in seconds.
  after?: number;
}

// What a settled response says. A workflow accepts with 202. A connector accepts with 200 and `1`, and tells of errors behind it with 200 and a text.
export function answerOf(response: Response): Answer {
  const text = cut(response.text().trim(), TEXT);
  const { status } = response;
  if (!response.ok) {
    return { outcome: "refused", status, text };
  }
  const named = /\bHTTP error (\d{3})\b/.exec(text);
  if (named !== null) {
    const meant = Number(named[1]);
    return asksForPatience(meant) ? { outcome: "later", status: meant, text, after: pauseOf(response) } : { outcome: "refused", status: meant, text };
  }
  if (/^Webhook message delivery failed\b/i.test(text)) {
    return { outcome: "later", status, text, after: pauseOf(response) };
  }
  const isAccepted = status !== 200 || text === "1" || text === "";
  return { outcome: isAccepted ? "sent" : "refused", status, text };
}
