// Server.PagerDuty.Alert: triggers PagerDuty for rows, each kind once in a while, and resolves it.

import { Artifact, CapabilityError, Reject, Retry } from "watchbox-sdk";
import { Alerts, utc } from "watchbox-sdk/alerts";
import * as clock from "watchbox-sdk/clock";
import { deliver } from "watchbox-sdk/delivery";
import { Names } from "watchbox-sdk/digest";
import * as log from "watchbox-sdk/log";
import { cut, fill, printable } from "watchbox-sdk/text";
import { keyOf, Windows } from "watchbox-sdk/windows";

import { body, resolve, summary, trigger } from "./event.js";
import { isSeverity, severityOf } from "./severity.js";

// How long PagerDuty may take to answer, in seconds.
const TIMEOUT = 20;

// How much is kept of what a window was opened with.
const ABOUT = 150;

// How much of an answer is told.
const TOLD = 500;

export default class PagerDutyAlert extends Artifact {
  constructor(parameters) {
    super(parameters);
    const { Key, Severity, Url, Window } = parameters;
    if (Key.trim() === "") {
      throw new Reject("Key is empty: give it the columns that make two rows one incident, such as {alert.client_id}");
    }
    if (!/^https?:\/\/[^/]+$/.test(Url)) {
      throw new Reject("Url is https://events.pagerduty.com, or https://events.eu.pagerduty.com: without a path");
    }
    if (!(Window >= 0 && Window <= 86_400)) {
      throw new Reject("Window is a number of seconds, from 0 to 86400");
    }
    if (!Severity.includes("{") && !isSeverity(Severity)) {
      throw new Reject("Severity is critical, error, warning or info, or the column that tells it, such as {Severity}");
    }
  }

  *events(batch) {
    const turn = new Turn(this.parameters);
    for (const event of batch) {
      try {
        yield* turn.event(event);
      } catch (error) {
        if (error instanceof Retry) {
          throw error;
        }
        // One row that makes no event stops no other.
        log.error(`no event could be made of a row of ${event.ClientId}: ${error}`);
        yield row({ Kind: "alert", Key: "", ClientId: event.ClientId, Hostname: "", More: 0 }, { outcome: "not sent", status: null, text: String(error) });
      }
    }
    yield* turn.end();
  }

  *tick() {
    yield* new Turn(this.parameters).end();
  }
}

// One turn: what has come, and what is kept of the turns before.
class Turn {
  #parameters;
  #now = clock.now();
  #names = new Names();
  #alerts;
  #triggered;
  #resolved;

  constructor(parameters) {
    this.#parameters = parameters;
    this.#alerts = new Alerts(parameters.Log);
    this.#triggered = new Windows({ seconds: parameters.Window });
    this.#resolved = new Windows({ seconds: parameters.Window, name: "resolved" });
  }

  // Triggers for an event, or resolves, unless it was done for one like it just now.
  *event(event) {
    const alert = this.#alerts.of(event);
    const key = keyOf(printable(fill(this.#parameters.Key, alert.columns)));
    const of = { Kind: "alert", Key: key, ClientId: alert.clientId, Hostname: alert.hostname, More: 0 };
    if (this.#resolves(event)) {
      const more = this.#triggered.close(key);
      if (this.#resolved.arrives(key, this.#now).tell) {
        yield row({ ...of, Kind: "resolve", More: more }, this.#send(resolve(key), this.#names.of("resolve", key, alert.telling)));
      }
      return;
    }
    const title = fill(this.#parameters.Summary, alert.columns);
    const severity = severityOf(fill(this.#parameters.Severity, alert.columns));
    const about = { summary: cut(title, ABOUT), severity, clientId: cut(alert.clientId, ABOUT), hostname: cut(alert.hostname, ABOUT) };
    const { tell, more } = this.#triggered.arrives(key, this.#now, about);
    this.#resolved.close(key);
    if (tell) {
      const columns = Object.entries(event).filter(([name]) => name !== "ClientId" && name !== "_ts");
      const made = trigger({ ...alert, received: iso(event._ts) }, { key, severity, summary: title, columns, more });
      yield row({ ...of, More: more }, this.#send(made, this.#names.of("trigger", key, alert.telling)));
    }
  }

  // Tells how many more there were, where windows are over; keeps what is for later turns.
  *end() {
    for (const { key, since, last, more, about } of this.#triggered.ended(this.#now)) {
      const made = summary(about, { key, log: this.#parameters.Log, more, from: utc(since), to: utc(last) });
      const of = { Kind: "summary", Key: key, ClientId: about.clientId, Hostname: about.hostname, More: more };
      yield row(of, this.#send(made, this.#names.of("summary", key, since)));
    }
    this.#resolved.ended(this.#now);
    this.#triggered.save();
    this.#resolved.save();
  }

  // Whether an event says that it is over: what its column holds is neither missing nor a word for no.
  #resolves(event) {
    const { ResolveColumn } = this.#parameters;
    if (ResolveColumn === "" || !Object.hasOwn(event, ResolveColumn)) {
      return false;
    }
    const value = event[ResolveColumn];
    return typeof value === "string" ? !["", "false", "no", "0"].includes(value.trim().toLowerCase()) : Boolean(value);
  }

  #send(event, once) {
    try {
      return answerOf(
        deliver("POST", `${this.#parameters.Url}/v2/enqueue`, { headers: { "content-type": "application/json" }, body: body(event), timeout: TIMEOUT, once }),
      );
    } catch (error) {
      // What can't be sent as things are. (What another try can help is a Retry.)
      if (error instanceof CapabilityError) {
        log.error(error.message);
        return { outcome: "refused", status: null, text: error.message };
      }
      throw error;
    }
  }
}

// What PagerDuty's settled answer says: 202, or what is wrong with the event.
export function answerOf(response) {
  let text = response.text().trim();
  try {
    const { errors, message, status } = JSON.parse(text);
    text = Array.isArray(errors) ? errors.join("; ") : String(message ?? status ?? text);
  } catch {
    // It is told as it is.
  }
  return { outcome: response.status === 202 ? "sent" : "refused", status: response.status, text: cut(text, TOLD) };
}

function row(about, { outcome, status, text }) {
  return { ...about, Outcome: outcome, Status: status, Answer: text };
}

// A time as PagerDuty takes it; undefined where it is none.
function iso(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
