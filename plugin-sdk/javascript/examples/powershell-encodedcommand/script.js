// What a decoded script itself tells: that it unpacks another, that it is cut.

const NESTED = [
  ["frombase64string", "nested-base64"],
  ["deflatestream", "nested-deflate"],
  ["gzipstream", "nested-gzip"],
];

// What can hide a quote, whole, by PowerShell's rules as far as they concern that; then what begins one of these and does not end it.
const TOKEN = new RegExp(
  [
    String.raw`<#[^]*?#>`,
    String.raw`@'[ \t]*[\r\n][^]*?\n'@`,
    String.raw`@"[ \t]*[\r\n][^]*?\n"@`,
    String.raw`(?<![^\s;{}()|&])#[^\n]*`,
    String.raw`'[^']*'`,
    String.raw`"(?:[^"${"`"}]|${"`"}[^])*"`,
    String.raw`${"`"}[^]?`,
    String.raw`(?<cut><#|@'(?=[ \t]*[\r\n])|@"(?=[ \t]*[\r\n])|'|")`,
  ].join("|"),
  "g",
);

// Notes what is odd about a script.
export function look(script, oddities) {
  const lower = script.toLowerCase();
  for (const [word, oddity] of NESTED) {
    if (lower.includes(word)) {
      oddities.push(oddity);
    }
  }
  // A script that ends within a quoted text or a block comment can't run.
  for (const token of script.matchAll(TOKEN)) {
    if (token.groups.cut !== undefined) {
      oddities.push("unfinished");
      return;
    }
  }
}
