import assert from "node:assert/strict";
import { test } from "node:test";

import { World } from "watchbox-sdk/testing";
import EncodedCommand, { decode } from "./app.js";
import { args } from "./argv.js";
import { look } from "./script.js";

const encoded = (script) => Buffer.from(script, "utf16le").toString("base64");

test("every prefix and every switch character", () => {
  for (let end = 1; end <= "encodedcommand".length; end++) {
    for (const dash of ["-", "/", "\u2013", "\u2014", "\u2015", "--"]) {
      const line = `powershell ${dash}${"encodedcommand".slice(0, end)} ${encoded("dir")}`;
      assert.deepEqual([...decode(line)], [{ script: "dir", oddities: "" }], line);
    }
  }
});

test("arguments are divided as the runtime does", () => {
  for (const [line, wanted] of [
    ['"abc" d e', ["abc", "d", "e"]],
    [String.raw`a\\b d"e f"g h`, [String.raw`a\\b`, "de fg", "h"]],
    [String.raw`a\\\"b c d`, [String.raw`a\"b`, "c", "d"]],
    [String.raw`a\\\\"b c" d e`, [String.raw`a\\b c`, "d", "e"]],
    ['a"b"" c d', ['ab" c d']],
    ['"" end', ["", "end"]],
    ['"never closed x', ["never closed x"]],
  ]) {
    assert.deepEqual(args(line), wanted, line);
  }
});

test("quotes are balanced as PowerShell does", () => {
  const odd = (script) => {
    const oddities = [];
    look(script, oddities);
    return oddities;
  };
  for (const whole of ["", "'a''b' + \"c`\"d\" + '\"'", "# don't\nwhoami # can't", "<# it's\n\" #> dir", "@'\nit's \"\n'@", "echo a`'b", "echo a#b"]) {
    assert.deepEqual(odd(whole), [], whole);
  }
  for (const cut of ["'", "echo 'a''", '"a`"', "<# a", "@'\nit", "echo a#'b"]) {
    assert.deepEqual(odd(cut), ["unfinished"], cut);
  }
});

test("nesting has an end", () => {
  assert.deepEqual([...decode(`${"cmd /c ".repeat(10_000)}powershell -e ${encoded("dir")}`)], []);
});

test("an event becomes a row", () => {
  const CommandLine = `powershell -enc ${encoded("ü 😀")}`;
  const rows = new World().install(EncodedCommand).events("X", [{ ClientId: "C.1", CommandLine }, { ClientId: "C.1", CommandLine: 5 }]);
  assert.deepEqual(rows, [{ ClientId: "C.1", ParentInfo: null, CommandLine, Timestamp: null, Script: "ü 😀", Oddities: "" }]);
});
