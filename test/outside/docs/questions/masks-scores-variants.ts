// Texts of programs in the copy of the clone in which docs/guides/add-a-mask.md, add-a-score.md and add-a-variant.md
// are followed.

/** What the copy says of the new ones: the cases they have, and what the page offers. */
export const questions = `
import { checkCase } from "./src/check/check-case.ts";
import { modCases } from "./src/check/cases/attention/mods.ts";
import { softmaxCases } from "./src/check/cases/rows/softmax.ts";
import { openGpu } from "./src/index.ts";
import { usualMasks } from "./bench/attention/inputs/masks.ts";
import { usualScores } from "./bench/attention/inputs/scores.ts";
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

/** What it must and must not type, and a file that the guides wrote or changed, which is checked with it. */
export const typed = `import { type AttentionOptions, type Gpu, softmax, type Tensor } from "./src/index.ts";
export const serial = (gpu: Gpu, x: Tensor) => softmax(gpu, { x }, { variant: "serial" });
export const given: AttentionOptions = {
  mask: { kind: "block-causal", keys: 64 },
  score: { kind: "near-penalty", slope: 0.1, keys: 64 },
};
// @ts-expect-error: it has keys
export const wrong: AttentionOptions = { mask: { kind: "block-causal", size: 64 } };
`;
export const checkedFile = "src/check/attention-records.ts";
