// docs/add-a-mask.md, add-a-score.md and add-a-variant.md as their reader follows them, in one copy of the clone.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BenchResult } from "../../bench/index.ts";
import { commandOf, type Followed, followGuide } from "../support/guide.ts";
import { scratchCopy } from "../support/scratch-copy.ts";

const { folder: copy, node, bundle, typeErrors, remove } = await scratchCopy();
afterAll(remove);

/** What the copy says of the new ones: the cases they have, and what the page offers. */
const questions = `
import { checkCase } from "./src/check/check-case.ts";
import { modCases } from "./src/check/cases/attention-mods.ts";
import { softmaxCases } from "./src/check/cases/softmax.ts";
import { openGpu } from "./src/index.ts";
import { usualMasks } from "./bench/attention/masks.ts";
import { usualScores } from "./bench/attention/scores.ts";
import { problemsOf, standard } from "./site/attention/setup/setup.ts";

const gpu = await openGpu({ features: [] });
const cases = modCases.cases.filter(({ tags = [] }) => tags.includes("block-causal") || tags.includes("near penalty"));
const checked: string[] = [];
for (const item of cases) {
  await checkCase(gpu, modCases, item.tags?.includes("decode") ? "rows" : "naive", item);
  checked.push(item.name);
}
for (const item of softmaxCases.cases) await checkCase(gpu, softmaxCases, "serial", item);
gpu.close();
const chosen = { ...standard, masks: ["block-causal:32"], score: "near-penalty:0.5:8" };
const offered = { masks: usualMasks.map(({ text }) => text), scores: usualScores };
console.log(JSON.stringify({ checked, offered, softmax: softmaxCases.cases.length, problems: [...problemsOf(chosen)] }));
`;

let mask: Followed;
let score: Followed;
let variant: Followed;

beforeAll(async () => {
  mask = await followGuide("docs/add-a-mask.md", copy);
  score = await followGuide("docs/add-a-score.md", copy);
  variant = await followGuide("docs/add-a-variant.md", copy);
  await writeFile(join(copy, "questions.ts"), questions);
  await bundle({ questions: "questions.ts", cli: "src/cli/main.ts" });
});

test("each takes two new files and a word in the table; mask and score a row of the definitions", () => {
  const files = (folder: string, name: string): Followed => ({
    made: [`shaders/attention/${folder}/${name}.wgsl`, `src/kernels/attention/${folder}/${name}.ts`],
    changed: [`src/reference/${folder}.ts`, `src/kernels/attention/${folder}/table.ts`],
  });
  expect(mask).toEqual(files("masks", "block-causal"));
  expect(score).toEqual(files("scores", "near-penalty"));
  expect(variant).toEqual({
    made: ["shaders/softmax/serial.wgsl", "src/kernels/softmax/serial.ts"],
    changed: ["src/kernels/softmax/softmax.ts"],
  });
});

test("what the guides write is typed, the options of attention too", async () => {
  const options = `import { type AttentionOptions, type Gpu, softmax, type Tensor } from "./src/index.ts";
export const serial = (gpu: Gpu, x: Tensor) => softmax(gpu, { x }, { variant: "serial" });
export const given: AttentionOptions = {
  mask: { kind: "block-causal", keys: 64 },
  score: { kind: "near-penalty", slope: 0.1, keys: 64 },
};
// @ts-expect-error: it has keys
export const wrong: AttentionOptions = { mask: { kind: "block-causal", size: 64 } };
`;
  expect(await typeErrors(options, "src/check/attention-records.ts")).toBe("");
});

test("the cases have them, against float64, and the page offers them", async () => {
  const { checked, offered, problems, softmax } = JSON.parse((await node("out/questions.mjs")).stdout) as {
    readonly checked: readonly string[];
    readonly offered: { readonly masks: readonly string[]; readonly scores: readonly string[] };
    readonly problems: readonly unknown[];
    readonly softmax: number;
  };
  expect(checked).toEqual([
    ...["block-causal, prefill", "block-causal, decode", "block-causal, surplus"],
    ...["near penalty, prefill", "near penalty, decode"],
  ]);
  expect(offered.masks).toContain("block-causal:64");
  expect(offered.scores).toContain("near-penalty:0.1:64");
  expect(problems).toEqual([]);
  expect(softmax).toBeGreaterThan(15);
});

test.each([
  ["docs/add-a-mask.md", ["causal", "block-causal:64"], ["none"]],
  ["docs/add-a-score.md", ["causal"], ["none", "near-penalty:0.1:64", "softcap:50+near-penalty:0.1:64"]],
])("the command of %s measures it, on a shorter batch", async (guide, masks, scores) => {
  const words = (await commandOf(guide)).map((word) => word.replace("q512", "q24s40"));
  const { stdout } = await node("out/cli.mjs", ...words, ...["--heads", "1x32", "--variants", "naive", "--json", "-"]);
  const { rows } = JSON.parse(stdout) as BenchResult;
  const found = rows.map(({ mask: text, score: added, verdict, reason }) => [text, added, verdict, reason]);
  expect(found).toEqual(masks.flatMap((text) => scores.map((added) => [text, added, "pass", null])));
});

test("the command of docs/add-a-variant.md measures it", async () => {
  const command = await commandOf("docs/add-a-variant.md");
  const { stdout } = await node("out/cli.mjs", ...command, "--samples", "1", "--json", "-");
  const { rows } = JSON.parse(stdout) as BenchResult;
  const found = rows.filter((row) => row.variant === "serial").map(({ batch, verdict }) => [batch, verdict]);
  expect(found).toEqual([
    ["128×128", "pass"],
    ["1024×1024", "pass"],
  ]);
});

test("the command line lists them, and says so where a name is unknown", async () => {
  const help = (await node("out/cli.mjs", "bench", "attention", "--help")).stdout;
  expect(help).toContain("block-causal:keys");
  expect(help).toContain("near-penalty:slope:keys");
  await expect(node("out/cli.mjs", "bench", "attention", "--masks", "diagonal")).rejects.toThrow(/block-causal:keys/);
});

test("the docs' tables and picture have them", async () => {
  await node("scripts/docs.mjs");
  await node("scripts/pictures.mjs", "--drawn");
  const page = await readFile(join(copy, "docs/masks-and-scores.md"), "utf8");
  expect(page).toMatch(
    /^\| `block-causal:keys` \| `\{ kind: "block-causal", keys \}` \| A query sees its own block of /m,
  );
  expect(page).toMatch(/^\| `near-penalty:slope:keys` \| .* \| A penalty that grows with the distance of the key/m);
  expect(await readFile(join(copy, "docs/pictures/masks-dark.svg"), "utf8")).toContain(">block-causal</text>");
  expect(await readFile(join(copy, "docs/kernels.md"), "utf8")).toMatch(
    /^\|.*`serial` \| \[softmax\/serial\]\(\.\.\/shaders\/softmax\/serial\.wgsl\) \| Softmax over .*Choose it /m,
  );
});
