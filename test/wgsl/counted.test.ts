// Rows of docs/counted.md, counted again; and that no kernel of an op is missing.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { countedCalls } from "../../scripts/counted/calls.ts";
import { asGpu } from "../../scripts/counted/count.ts";
import { callRows } from "../../scripts/counted/page.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { first } from "../support/first-tier.ts";
import { kernelFiles } from "../support/shaders.ts";

const page = readFileSync("docs/counted.md", "utf8");

/** Calls that take less than a second each: one or two of every table. */
const again = [
  "attention `splitK`, 1 query, 256 keys",
  "kv-cache/append, 64 tokens",
  "matmul `vector`, 4 rows",
  "norm/rms-norm `registers`, 64 rows of 512",
  "sampling/top-tokens, 2 rows of 8192",
  "moe/balance/statistics `shares`, 64 tokens",
  "softmax-backward `registers`, 64 rows of 512",
];

test("rows of the page are what the interpreter counts; npm run counted writes them", first, async () => {
  const gpu = await testGpu();
  await asGpu(gpu);
  const counted = (await countedCalls(gpu, again)).flatMap(({ calls }) => calls);
  expect(counted.map(({ title }) => title)).toEqual(again);
  for (const call of counted) for (const row of callRows(call)) expect(page).toContain(row);
});

test("the page has every kernel of an op", first, () => {
  const named = new Set([...page.matchAll(/\(\.\.\/shaders\/([^)]*)\.wgsl\)/g)].map(([, name]) => name));
  const expected = [...kernelFiles.keys()].filter((name) => !name.startsWith("ladders/"));
  expect([...named].sort()).toEqual(expected.sort());
});
