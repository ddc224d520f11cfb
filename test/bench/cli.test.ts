import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { BenchResult } from "../../bench/index.ts";
import { messages, runCli } from "../cli/run-cli.ts";
import { someEnvironment, somePeaks, someRow } from "./rows.ts";

const folder = mkdtempSync(join(tmpdir(), "shaderformer-bench-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Keys and kinds of values of everything in a result; a field that may be null counts as null or as its kind. */
function kinds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(kinds);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, kinds(item)]));
}

describe("bench attention", () => {
  test("a tiny run: the table on stdout, one object in the file", async () => {
    const file = join(folder, "tiny.json");
    const given = ["q9s20_2q1s20", "--heads", "2/1x32", "--variants", "naive,flash", "--samples", "1", "--json", file];
    const run = await runCli(["bench", "attention", ...given]);
    expect(messages(run)).toEqual([]);
    expect(run.code).toBe(0);
    const { environment, peaks, rows } = JSON.parse(readFileSync(file, "utf8")) as BenchResult;
    expect(Object.keys(environment)).toEqual(Object.keys(someEnvironment));
    expect(Object.keys(peaks ?? {})).toEqual(Object.keys(somePeaks));
    expect(rows.map(({ variant, verdict }) => [variant, verdict])).toEqual([
      ["naive", "pass"],
      ["flash", "pass"],
    ]);
    for (const row of rows) {
      expect(Object.keys(row).sort()).toEqual(Object.keys(someRow()).sort());
      // A right row has everything that a right row has.
      expect(kinds({ ...row, model: null })).toEqual(kinds({ ...someRow(), reason: row.reason }));
      expect(row.livePairs).toBe(2 * ((9 * (2 * 20 - 9 + 1)) / 2 + 2 * 20));
      expect(row.command).toBe(
        `node dist/cli.js bench attention q9s20_2q1s20 --variants ${row.variant} --masks causal --heads 2/1x32`,
      );
      expect(run.stdout).toMatch(new RegExp(`^  ${row.variant} +pass `, "m"));
    }
    const lines = run.stdout.trimEnd().split("\n");
    expect(lines[0]).toBe(environment.adapter);
    expect(lines[2]).toMatch(/^at most {2}f32 \d.* · dispatch /);
  });

  test("--json - prints one object and nothing else", async () => {
    const given = ["q5", "--heads", "2/1x32", "--variants", "flash", "--dtype", "f16", "--samples", "1", "--json", "-"];
    const { code, stdout } = await runCli(["bench", "attention", ...given]);
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout) as BenchResult;
    expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual([["n/a", expect.stringMatching(/f16/)]]);
  });

  test.each<[readonly string[], string | RegExp]>([
    [["2k"], /^batch "2k" is not of the form/],
    [["q1s0"], 'batch "q1s0" has 0 keys, expected 1 or more'],
    [["q0"], 'batch "q0" has 0 queries, expected 1 or more'],
    [["q8", "--variants", "flush"], /^there is no variant "flush"; there are naive, /],
    [["--masks", "sliding-window:0"], /^mask "sliding-window:0": keys is "0", expected a count of 1 or more/],
    [["--masks", "diagonal"], /^there is no mask "diagonal"; there are full, /],
    [["--heads", "32/7x64"], /32 query heads do not divide among 7/],
    [["--model", "BERT"], /^there is no model "BERT"; there are GPT-2, /],
    [["--score", "softcap:-1"], /^score is "softcap:-1"/],
    [["--dtype", "f8"], /^there is no dtype "f8"/],
    [["--sweep", "all"], /^there is no sweep "all"; there are tokens, /],
    [["--sweep", "tokens", "q8"], /^a sweep has batches of its own/],
    [["--tokens", "16k"], /^--tokens goes with --sweep tokens/],
    [["--clock", "sun"], 'there is no clock "sun"; there are gpu, wall'],
    [["--csv", "--markdown"], /^stdout takes one of /],
    [["--samples", "0"], /--samples <n>' argument '0' is invalid/],
    [["q8", "--json"], /argument missing/],
  ])("%j is refused before a device is opened", async (args, message) => {
    const none = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: undefined }; // opening one would say otherwise
    const run = await runCli(["bench", "attention", ...args], none);
    expect(run.stdout).toBe("");
    expect(run.code).toBe(1);
    expect(messages(run)).toHaveLength(1);
    expect(messages(run)[0]?.replace(/^error: /, "")).toMatch(message);
  });

  test("lengths beyond this adapter's limits", async () => {
    const run = await runCli(["bench", "attention", "q1s64k", "--cap", "binding=1048576"]);
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(messages(run)[0]).toMatch(
      /batch "q1s64k" with heads 8x64: a tensor of \d+ bytes, a binding holds 1048576 on/,
    );
  });
});

test("a bench that there is not: which there are", async () => {
  const run = await runCli(["bench", "flash"]);
  expect(run.code).toBe(1);
  expect(messages(run)[0]).toMatch(/unknown command 'flash'/);
});
