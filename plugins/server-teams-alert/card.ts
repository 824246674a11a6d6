// What is posted: a message that holds an Adaptive Card, within the size that Teams takes.
//
// What is not ours stands in text runs and nowhere else: text blocks and facts render Markdown, so a column could make a link. Without a list of
// mentioned people in the card, `<at>` mentions nobody.

import { fromText } from "watchbox-sdk";
import { cut, printable, shown } from "watchbox-sdk/text";

// Teams takes 28 KB with what it adds itself, such as the sender and the connector.
const LARGEST = 25_000;

// How many columns, and how much of each, a card shows: the first of these that fits.
const STEPS = [
  [40, 4_000],
  [40, 1_000],
  [40, 250],
  [40, 60],
  [10, 60],
  [0, 0],
] as const;

// What a column takes beside its text, in bytes, at least.
const FRAME = 150;

const LONGEST_TITLE = 200;
const LONGEST_NAME = 100;
const LONGEST_FACT = 300;

// What a card says.
export interface Alert {
  title: string;
  // What is known beside the row: names are ours, values are not.
  facts: readonly (readonly [string, string | undefined])[];
  // The row's columns, names and values.
  columns: readonly (readonly [string, unknown])[];
}

// The message as the body of a request.
export function message(alert: Alert): string {
  const texts = alert.columns.map(([name, value]) => [name, shown(value)] as const);
  let body = "";
  for (const [most, longest] of STEPS) {
    const least = texts.slice(0, most).reduce((sum, [, text]) => sum + FRAME + Math.min(text.length, longest), 0);
    if (least <= LARGEST || most === 0) {
      body = JSON.stringify(envelope(card(alert, texts, most, longest)));
      if (fromText(body).length <= LARGEST) {
        break;
      }
    }
  }
  return body;
}

function envelope(content: object) {
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }] };
}

function card(alert: Alert, texts: readonly (readonly [string, string])[], most: number, longest: number) {
  const lines = [line(runs(printable(cut(alert.title, LONGEST_TITLE)), { size: "large", weight: "bolder" }))];
  for (const [name, value] of alert.facts) {
    if (value !== undefined && value !== "") {
      lines.push(line([run(`${name}: `, { isSubtle: true }), ...runs(printable(cut(value, LONGEST_FACT)))], lines.length === 1));
    }
  }
  const told = texts.slice(0, most);
  for (const [nth, [name, text]] of told.entries()) {
    const label = runs(`${printable(cut(name, LONGEST_NAME))}: `, { weight: "bolder" });
    lines.push(line([...label, ...runs(printable(cut(text, longest)), { fontType: "monospace" })], nth === 0));
  }
  if (told.length < texts.length) {
    lines.push(line([run(`… and ${texts.length - told.length} more columns`, { isSubtle: true })]));
  }
  return {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    fallbackText: "An alert that this client can't show",
    msteams: { width: "Full" },
    body: lines,
  };
}

const line = (inlines: object[], separator = false) => ({ type: "RichTextBlock", inlines, ...(separator ? { separator } : { spacing: "small" }) });

const run = (text: string, style: object = {}) => ({ type: "TextRun", text, ...style });

// A text as runs: two where it holds `{{DATE(` or `{{TIME(`, which would be replaced by a date within one.
function runs(text: string, style?: object) {
  return text.split(/(?<=\{)(?=\{(?:DATE|TIME)\()/).map((part) => run(part, style));
}
