// docs/guides/add-a-cache-layout.md as its reader follows it, in a copy of the clone.
import { beforeAll, expect, test } from "vitest";
import type { BenchResult } from "../../../bench/index.ts";
import { commandOf } from "../../support/guide.ts";
import { followedCopy } from "./followed.ts";

const guide = "docs/guides/add-a-cache-layout.md";
const { command, followed, answers: ask, typeErrors } = await followedCopy();

interface Answers {
  readonly checked: readonly string[];
  readonly appended: readonly number[];
  readonly expected: readonly number[];
  readonly usualLayouts: readonly string[];
  readonly problems: readonly unknown[];
}

let answers: Answers;

beforeAll(async () => {
  answers = (await ask("layouts")) as Answers;
});

test("it takes three new files and a word in the table", () => {
  expect(followed.layout).toEqual({
    made: [
      "shaders/attention/address/indexed.wgsl",
      "shaders/kv-cache/slot/indexed.wgsl",
      "src/kernels/kv-cache/layouts/indexed.ts",
    ],
    changed: ["src/kernels/kv-cache/layouts.ts"],
  });
});

test("what the guide writes is typed, the options of attention and of appending too", async () => {
  expect(await typeErrors()).toBe("");
});

test("the cases read it, against float64, and what is appended is where the record lays it out", () => {
  expect(answers.checked).toEqual(["indexed, laid out: decode", "indexed, laid out: prefill"]);
  expect(answers.appended).toEqual(answers.expected);
});

test("the page and the command line have it", async () => {
  expect(answers.usualLayouts).toContain("indexed");
  expect(answers.problems).toEqual([]);
  expect((await command("bench", "attention", "--help")).stdout).toContain("indexed[:spare]");
});

test("the command measures it, on fewer keys", async () => {
  const words = (await commandOf(guide)).map((word) => word.replace("4q1s512", "3q2s40"));
  const small = ["--heads", "2/1x32", "--variants", "rows", "--samples", "1", "--no-peaks", "--json", "-"];
  const { rows } = JSON.parse((await command(...words, ...small)).stdout) as BenchResult;
  expect(rows.map(({ layout, variant, verdict, reason }) => [layout, variant, verdict, reason])).toEqual(
    ["contiguous", "indexed:2"].map((layout) => [layout, "rows", "pass", null]),
  );
});
