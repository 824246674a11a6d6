// The artifact's modules for tests: node may be one that reads no TypeScript, so esbuild makes JavaScript of it first. The SDK stays the tests' own.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { delimiter, join } from "node:path";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const modules = join(here, "node_modules");
mkdirSync(join(modules, ".built"), { recursive: true });
const folder = mkdtempSync(join(modules, ".built", "test-"));
const sources = ["answer", "app", "card", "waiting"];
execFileSync("esbuild", [...sources.map((name) => `${name}.ts`), "--format=esm", "--log-level=warning", `--outdir=${folder}`], {
  cwd: here,
  env: { ...process.env, PATH: [join(modules, ".bin"), process.env.PATH].join(delimiter) },
});

export const { answerOf } = await import(join(folder, "answer.js"));
export const { message } = await import(join(folder, "card.js"));
export const { Waiting } = await import(join(folder, "waiting.js"));
export const { default: TeamsAlert } = await import(join(folder, "app.js"));
