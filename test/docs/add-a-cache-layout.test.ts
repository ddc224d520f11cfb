// docs/add-a-cache-layout.md as its reader follows it, in a copy of the clone.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchResult } from "../../bench/index.ts";
import { commandOf, type Followed, followGuide } from "../support/guide.ts";
import { scratchCopy } from "../support/scratch-copy.ts";

const guide = "docs/add-a-cache-layout.md";
const { folder: copy, node, bundle, typeErrors, remove } = await scratchCopy();
afterAll(remove);

/** What the copy says of it: the cases that read it, what is appended to it, and what the page offers. */
const questions = `
import { checkCase } from "./src/check/check-case.ts";
import { attentionLayoutCases } from "./src/check/cases/attention-layouts.ts";
import { appendKv, openGpu, tensor } from "./src/index.ts";
import { layoutRecords } from "./src/kernels/kv-cache/layouts.ts";
import { usualLayouts } from "./bench/attention/layouts.ts";
import { problemsOf, standard } from "./site/attention/setup/setup.ts";

const gpu = await openGpu({ features: [] });
const checked: string[] = [];
for (const item of attentionLayoutCases.cases.filter(({ tags = [] }) => tags.includes("indexed"))) {
  for (const variant of ["rows", "flash"] as const) await checkCase(gpu, attentionLayoutCases, variant, item);
  checked.push(item.name);
}

const [b, t, d] = [2, 3, 4];
const sequences = Array.from({ length: b }, () => ({ t, s: t }));
const { rows, slots, slotOf, layout } = layoutRecords.find(({ name }) => name === "indexed")!.layOut(sequences, { spare: 2 });
const tokens = Float32Array.from({ length: b * t * d }, (_, i) => i + 1);
const x = () => tensor(gpu, [b, t, 1, d], tokens);
const empty = () => tensor(gpu, [rows, 1, slots, d], new Float32Array(rows * slots * d));
const [keys, values] = [empty(), empty()];
appendKv(gpu, { k: x(), v: x(), keys, values }, { start: 0, layout: layout(gpu) as never });
const appended = [...(await keys.read())];
const expected = new Array(appended.length).fill(0);
for (let token = 0; token < b * t; token++) {
  const [row = 0, slot = 0] = slotOf(Math.floor(token / t), token % t) ?? [];
  for (let i = 0; i < d; i++) expected[(row * slots + slot) * d + i] = token * d + i + 1;
}
gpu.close();
const problems = [...problemsOf({ ...standard, layout: "indexed:2" })];
console.log(JSON.stringify({ checked, appended, expected, usualLayouts, problems }));
`;

interface Answers {
  readonly checked: readonly string[];
  readonly appended: readonly number[];
  readonly expected: readonly number[];
  readonly usualLayouts: readonly string[];
  readonly problems: readonly unknown[];
}

let followed: Followed;
let answers: Answers;

beforeAll(async () => {
  followed = await followGuide(guide, copy);
  await writeFile(join(copy, "questions.ts"), questions);
  await bundle({ questions: "questions.ts", cli: "src/cli/main.ts" });
  answers = JSON.parse((await node("out/questions.mjs")).stdout);
});

test("it takes three new files and a word in the table", () => {
  expect(followed).toEqual({
    made: [
      "shaders/attention/address/indexed.wgsl",
      "shaders/kv-cache/slot/indexed.wgsl",
      "src/kernels/kv-cache/layouts/indexed.ts",
    ],
    changed: ["src/kernels/kv-cache/layouts.ts"],
  });
});

test("what the guide writes is typed, the options of attention and of appending too", async () => {
  const options = `import type { AttentionOptions, KvLayout, Tensor } from "./src/index.ts";
export const given = (cacheRows: Tensor): AttentionOptions => ({ layout: { kind: "indexed", cacheRows } });
export const appended = (cacheRows: Tensor): KvLayout => ({ kind: "indexed", cacheRows });
// @ts-expect-error: it has cacheRows
export const wrong: AttentionOptions = { layout: { kind: "indexed" } };
`;
  expect(await typeErrors(options, "src/kernels/kv-cache/layouts/indexed.ts")).toBe("");
});

test("the cases read it, against float64, and what is appended is where the record lays it out", () => {
  expect(answers.checked).toEqual(["indexed, laid out: decode", "indexed, laid out: prefill"]);
  expect(answers.appended).toEqual(answers.expected);
});

test("the page and the command line have it", async () => {
  expect(answers.usualLayouts).toContain("indexed");
  expect(answers.problems).toEqual([]);
  expect((await node("out/cli.mjs", "bench", "attention", "--help")).stdout).toContain("indexed[:spare]");
});

test("the command measures it, on fewer keys", async () => {
  const words = (await commandOf(guide)).map((word) => word.replace("4q1s512", "3q2s40"));
  const small = ["--heads", "2/1x32", "--variants", "rows,splitK", "--samples", "1", "--json", "-"];
  const { rows } = JSON.parse((await node("out/cli.mjs", ...words, ...small)).stdout) as BenchResult;
  expect(rows.map(({ layout, variant, verdict, reason }) => [layout, variant, verdict, reason])).toEqual(
    ["contiguous", "indexed:2"].flatMap((layout) =>
      ["rows", "splitK"].map((variant) => [layout, variant, "pass", null]),
    ),
  );
});
