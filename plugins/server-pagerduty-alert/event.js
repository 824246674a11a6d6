// An event, as PagerDuty's Events API v2 takes it, within its limits.

import { fromText } from "watchbox-sdk";
import * as http from "watchbox-sdk/http";
import { cut, printable, shown } from "watchbox-sdk/text";

// PagerDuty takes 512 KB. More than this nobody reads.
const LARGEST = 200_000;

const LONGEST_SUMMARY = 1_024;
const LONGEST_SOURCE = 255;
const LONGEST_NAME = 255;

// How many columns the details have, and how much of each text in them: the first of these that fits.
const STEPS = [
  [1_000, 50_000],
  [1_000, 4_000],
  [1_000, 200],
  [100, 200],
  [0, 0],
];

// How deep maps and arrays stay what they are; below they are text.
const DEEPEST = 8;

// An event that triggers. `alert` is what Alerts knows, and `received` in PagerDuty's form; `more` says how many were not told by themselves before it.
export function trigger(alert, { key, severity, summary, columns, more }) {
  const details = { client_id: printable(alert.clientId), hostname: printable(alert.hostname), log: alert.log, received: alert.time };
  if (more > 0) {
    details.more_before_it = more;
  }
  return fitting(columns, (row) => ({
    ...action("trigger", key),
    payload: payload(alert, severity, summary, { ...details, ...row }),
  }));
}

// An event that says how many more there were in a window that is over. What the window was opened with is the first of them.
export function summary(about, { key, log, more, from, to }) {
  const details = { client_id_of_the_first: printable(about.clientId), hostname_of_the_first: printable(about.hostname), log, more, from, to };
  return JSON.stringify({ ...action("trigger", key), payload: payload({ ...about, log }, about.severity, `${more} more: ${about.summary}`, details) });
}

// An event that resolves what was triggered under the key.
export function resolve(key) {
  return JSON.stringify(action("resolve", key));
}

// The body of a request, in which the routing key stands: the host fills it in.
export function body(event) {
  return ['{"routing_key":"', http.secret("routing_key"), `",${event.slice(1)}`];
}

const action = (event_action, key) => ({ event_action, dedup_key: key, client: "watchbox" });

function payload({ hostname, clientId, log, received }, severity, summary, custom_details) {
  return {
    // Both must be there, and not be empty.
    summary: oneOf(bounded(summary, LONGEST_SUMMARY), log),
    source: oneOf(bounded(hostname, LONGEST_SOURCE), bounded(clientId, LONGEST_SOURCE)),
    severity,
    component: log,
    ...(received === undefined ? {} : { timestamp: received }),
    custom_details,
  };
}

// A text as it may be read, and not longer than this.
function bounded(text, longest) {
  const note = "… (cut)";
  const read = printable(text.slice(0, longest));
  return read.length <= longest && text.length <= longest ? read : read.slice(0, longest - note.length).toWellFormed() + note;
}

const oneOf = (text, otherwise) => (text.trim() === "" ? otherwise : text);

// The JSON of an event that `make` makes of as much of the columns as fits.
function fitting(columns, make) {
  let json = "";
  for (const [most, longest] of STEPS) {
    const left = columns.length - most;
    const row = columns.slice(0, most).map(([name, value]) => [printable(cut(name, LONGEST_NAME)), detail(value, longest, 0)]);
    json = JSON.stringify(make({ row: Object.fromEntries(row), ...(left > 0 ? { columns_left_out: left } : {}) }));
    if (json.length <= LARGEST && fromText(json).length <= LARGEST) {
      break;
    }
  }
  return json;
}

// A value with what its texts would be obeyed in shown, and long ones cut.
function detail(value, longest, depth) {
  if (typeof value === "string" || depth === DEEPEST) {
    return printable(cut(shown(value), longest));
  }
  if (Array.isArray(value)) {
    return value.map((item) => detail(item, longest, depth + 1));
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [printable(cut(name, LONGEST_NAME)), detail(item, longest, depth + 1)]));
  }
  return value;
}
