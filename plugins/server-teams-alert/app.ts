// Server.Teams.Alert: tells a Teams channel of rows, each kind once in a while.

import { Artifact, type Batch, CapabilityError, type Event, Reject, Retry, type Row, type Tick } from "watchbox-sdk";
import { Alerts, utc } from "watchbox-sdk/alerts";
import * as clock from "watchbox-sdk/clock";
import { deliver } from "watchbox-sdk/delivery";
import { Names } from "watchbox-sdk/digest";
import * as http from "watchbox-sdk/http";
import * as log from "watchbox-sdk/log";
import { cut, fill } from "watchbox-sdk/text";
import { keyOf, type Window, Windows } from "watchbox-sdk/windows";

import { type Answer, answerOf } from "./answer.js";
import { type Alert, message } from "./card.js";
import { type Told, Waiting } from "./waiting.js";

// The most messages that a tick sends of those that wait.
const MOST = 50;

// How long Teams may take to answer, in seconds.
const TIMEOUT = 20;

// How much is kept of what a window was opened with.
const ABOUT = 150;

// The parameters. The webhook's URL is a secret, and so not among them.
interface Parameters {
  Log: string;
  Title: string;
  Key: string;
  Window: number;
  Columns: string;
}

// What a window was opened with.
interface About {
  title: string;
  client: string;
  hostname: string;
}

export default class TeamsAlert extends Artifact<Parameters> {
  constructor(parameters: Parameters) {
    super(parameters);
    if (parameters.Key.trim() === "") {
      throw new Reject("Key is empty: give it the columns that make two rows alike, such as {ClientId}");
    }
    if (!(parameters.Window >= 0 && parameters.Window <= 86_400)) {
      throw new Reject("Window is a number of seconds, from 0 to 86400");
    }
  }

  *events(batch: Batch) {
    const turn = new Turn(this.parameters);
    for (const event of batch) {
      try {
        yield* turn.event(event);
      } catch (error) {
        if (error instanceof Retry) {
          throw error;
        }
        // One row that makes no message stops no other.
        log.error(`no message could be made of a row of ${event.ClientId}: ${error}`);
        yield row({ Kind: "alert", Key: "", ClientId: event.ClientId, Hostname: "", More: 0 }, { outcome: "not sent", status: null, text: String(error) });
      }
    }
    yield* turn.end();
  }

  *tick(_: Tick) {
    const turn = new Turn(this.parameters);
    turn.untold();
    yield* turn.waiting();
    yield* turn.end();
  }
}

// One turn: what has come, and what is kept of the turns before.
class Turn {
  #parameters: Parameters;
  #now = clock.now();
  #windows: Windows;
  #waiting = new Waiting(this.#now);
  #names = new Names();
  #alerts: Alerts;

  constructor(parameters: Parameters) {
    this.#parameters = parameters;
    this.#alerts = new Alerts(parameters.Log);
    this.#windows = new Windows({ seconds: parameters.Window });
  }

  // Tells of an event, unless one like it was told of just now.
  *event(event: Event): Generator<Row> {
    const { clientId, hostname, log, time, columns, telling } = this.#alerts.of(event);
    const key = keyOf(fill(this.#parameters.Key, columns));
    const title = fill(this.#parameters.Title, columns);
    const about: About = { title: cut(title, ABOUT), client: cut(clientId, ABOUT), hostname: cut(hostname, ABOUT) };
    const { tell, more } = this.#windows.arrives(key, this.#now, { ...about });
    if (!tell) {
      return;
    }
    const alert: Alert = {
      title,
      facts: [
        ["Client", clientId],
        ["Host", hostname],
        ["Log", log],
        ["Time", time],
        ["More before it that were not told by themselves", more > 0 ? String(more) : undefined],
      ],
      columns: this.#chosen(event),
    };
    const once = this.#names.of("alert", key, telling);
    yield this.#tell(alert, { Kind: "alert", Key: key, ClientId: clientId, Hostname: hostname, More: more }, once);
  }

  // Tells how many more there were, where windows are over; keeps what is for later turns.
  *end(): Generator<Row> {
    for (const window of this.#windows.ended(this.#now)) {
      yield this.#more(window);
    }
    this.#windows.save();
    this.#waiting.save();
  }

  // Has a message wait that says how many rows no message told of, once there is room again.
  untold() {
    const more = this.#waiting.takeUntold();
    if (more > 0) {
      const title = `${more} more, told by no message: too many messages waited`;
      const body = message({ title, facts: [["Log", this.#parameters.Log]], columns: [] });
      this.#waiting.putOff({ about: { Kind: "summary", Key: "", ClientId: "", Hostname: "", More: more }, body });
    }
  }

  // Sends what waits, if it is time.
  *waiting(): Generator<Row> {
    for (let count = 0; count < MOST; count++) {
      const { due } = this.#waiting;
      if (due === undefined) {
        return;
      }
      const answer = this.#post(due.body, this.#names.of("waiting", due.nth, due.tries));
      if (answer.outcome === "later") {
        this.#waiting.pause(answer.after ?? 0);
        log.warn(`Teams asks for patience, the messages that wait are tried again later: ${answer.text}`);
        return;
      }
      this.#waiting.done();
      yield row(due.about, answer);
    }
  }

  #more(window: Window): Row {
    const about = window.about as unknown as About;
    const alert: Alert = {
      title: `${window.more} more: ${about.title}`,
      facts: [
        ["Client of the first", about.client],
        ["Host of the first", about.hostname],
        ["Log", this.#parameters.Log],
        ["Alike in", window.key],
        ["From", utc(window.since)],
        ["To", utc(window.last)],
      ],
      columns: [],
    };
    const of = { Kind: "summary", Key: window.key, ClientId: about.client, Hostname: about.hostname, More: window.more } as const;
    return this.#tell(alert, of, this.#names.of("summary", window.key, window.since));
  }

  // Sends a message, or puts it off; gives the row that says what became of it.
  #tell(alert: Alert, about: Told, once: string): Row {
    const body = message(alert);
    let answer: Answer | undefined;
    if (!this.#waiting.holds) {
      answer = this.#post(body, once);
      if (answer.outcome !== "later") {
        return row(about, answer);
      }
      this.#waiting.pause(answer.after ?? 0);
    }
    const { status, text } = answer ?? { status: null, text: "others wait" };
    if (this.#waiting.putOff({ about, body })) {
      return row(about, { outcome: "put off", status, text });
    }
    // What it tells of is told together with others: when its window is over or, where it has none, once nothing waits any more.
    const count = about.Kind === "alert" ? 1 + about.More : about.More;
    if (!this.#windows.add(about.Key, count)) {
      this.#waiting.addUntold(count);
    }
    return row(about, { outcome: "not sent", status, text });
  }

  #post(body: string, once: string): Answer {
    try {
      return answerOf(
        deliver("POST", http.secret("webhook_url"), { headers: { "content-type": "application/json" }, body, timeout: TIMEOUT, once }),
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

  // The columns that a card shows: those that the parameter names, or all that are not shown elsewhere.
  #chosen(event: Event): [string, unknown][] {
    const named = this.#parameters.Columns.split(",").map((name) => name.trim()).filter((name) => name !== "");
    if (named.length > 0) {
      return named.filter((name) => Object.hasOwn(event, name)).map((name) => [name, event[name]]);
    }
    return Object.entries(event).filter(([name]) => name !== "ClientId" && name !== "_ts");
  }
}

function row(about: Told, answer: { outcome: string; status: number | null; text: string }): Row {
  return { ...about, Outcome: answer.outcome, Status: answer.status, Answer: answer.text };
}
