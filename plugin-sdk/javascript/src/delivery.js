// Requests that deliver something: what another try can help is a Retry, with the pause that was asked for.

import { CapabilityError, Retry } from "./failure.js";
import { request } from "./http.js";

// The pause where 429 comes without one that can be read, and the longest that is believed, in seconds.
const PAUSE = 60;
const LONGEST_PAUSE = 86_400;

// How much of an answer's text is told.
const TOLD = 200;

export function deliver(method, url, options) {
  let response;
  try {
    response = request(method, url, options);
  } catch (error) {
    // Also where it is not granted yet: nothing was sent, and nothing is lost.
    if (error instanceof CapabilityError && ["unreachable", "timeout", "limited", "denied"].includes(error.reason)) {
      throw new Retry(error.message, { after: error.after ?? 0 });
    }
    throw error;
  }
  const { status } = response;
  if (asksForPatience(status)) {
    const text = response.text().trim().slice(0, TOLD);
    throw new Retry(`answered ${status}${text === "" ? "" : `: ${text}`}`, { after: pauseOf(response, status === 429 ? PAUSE : 0) });
  }
  return response;
}

export function asksForPatience(status) {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

export function pauseOf(response, otherwise = 0) {
  const asked = response.header("retry-after")?.trim();
  if (asked === undefined || asked === "") {
    return otherwise;
  }
  let seconds = Number(asked);
  if (Number.isNaN(seconds)) {
    // A date, by the other side's clock.
    seconds = (Date.parse(asked) - Date.parse(response.header("date") ?? "")) / 1000;
  }
  return Number.isNaN(seconds) ? PAUSE : Math.min(Math.max(seconds, 0), LONGEST_PAUSE);
}
