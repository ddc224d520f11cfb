// docs/guides/add-a-mask.md, add-a-score.md and add-a-variant.md as their reader follows them, in a copy of the clone.
import { expect, test } from "vitest";
import type { BenchResult } from "../../../bench/index.ts";
import { commandOf, type Followed } from "../../support/guide.ts";
import { followedCopy } from "./followed.ts";

const { command, followed, answers, typeErrors, documents } = await followedCopy();
const { mask, score, variant } = followed;

test("each takes two new files and a word in the table; mask and score a row of the definitions", () => {
  const files = (folder: string, name: string, ...others: string[]): Followed => ({
    made: [`shaders/attention/${folder}/${name}.wgsl`, `src/kernels/attention/${folder}/${name}.ts`],
    changed: [`src/reference/attention/${folder}.ts`, `src/kernels/attention/${folder}/table.ts`, ...others],
  });
  expect(mask).toEqual(files("masks", "block-causal"));
  expect(score).toEqual(files("scores", "near-penalty", "src/kernels/attention/backward/score-tensors.ts"));
  expect(variant).toEqual({
    made: ["shaders/softmax/serial.wgsl", "src/kernels/softmax/serial.ts"],
    changed: ["src/kernels/softmax/softmax.ts"],
  });
});

test("what the guides write is typed, the options of attention too", async () => {
  expect(await typeErrors()).toBe("");
});

test("the cases have them, against float64, and the page offers them", async () => {
  const { checked, offered, problems, softmax } = (await answers("mods")) as {
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
  ["docs/guides/add-a-mask.md", ["causal", "block-causal:64"], ["none"]],
  ["docs/guides/add-a-score.md", ["causal"], ["none", "near-penalty:0.1:64", "softcap:50+near-penalty:0.1:64"]],
])("the command of %s measures it, on a shorter batch", async (guide, masks, scores) => {
  const words = (await commandOf(guide)).map((word) => word.replace("q512", "q24s40"));
  const small = ["--heads", "1x32", "--variants", "naive", "--samples", "1", "--no-peaks", "--json", "-"];
  const { stdout } = await command(...words, ...small);
  const { peaks, rows } = JSON.parse(stdout) as BenchResult;
  expect(peaks).toBeNull();
  const found = rows.map(({ mask: text, score: added, verdict, reason }) => [text, added, verdict, reason]);
  expect(found).toEqual(masks.flatMap((text) => scores.map((added) => [text, added, "pass", null])));
});

test("the command of docs/guides/add-a-variant.md measures it", async () => {
  const words = await commandOf("docs/guides/add-a-variant.md");
  const { stdout } = await command(...words, "--samples", "1", "--no-peaks", "--json", "-");
  const { rows } = JSON.parse(stdout) as BenchResult;
  const found = rows.filter((row) => row.variant === "serial").map(({ batch, verdict }) => [batch, verdict]);
  expect(found).toEqual([
    ["128×128", "pass"],
    ["3×40", "pass"],
  ]);
});

test("the command line lists them, and says so where a name is unknown", async () => {
  const help = (await command("bench", "attention", "--help")).stdout;
  expect(help).toContain("block-causal:keys");
  expect(help).toContain("near-penalty:slope:keys");
  const { code, stderr } = await command("bench", "attention", "--masks", "diagonal");
  expect([code, stderr]).toEqual([1, expect.stringContaining("block-causal:keys")]);
});

test("the docs' tables and picture have them", async () => {
  const { kernels, masks, "masks-and-scores": page } = await documents();
  expect(page).toMatch(
    /^\| `block-causal:keys` \| `\{ kind: "block-causal", keys \}` \| A query sees its own block of /m,
  );
  expect(page).toMatch(/^\| `near-penalty:slope:keys` \| .* \| A penalty that grows with the distance of the key/m);
  expect(masks).toContain(">block-causal</text>");
  expect(kernels).toMatch(
    /^\|.*`serial` \| \[softmax\/serial\]\(\.\.\/shaders\/softmax\/serial\.wgsl\) \| Softmax over .*Choose it /m,
  );
});
