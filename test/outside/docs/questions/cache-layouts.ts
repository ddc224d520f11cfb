// Texts of programs in the copy of the clone in which docs/guides/add-a-cache-layout.md are followed.

/** What the copy says of it: the cases that read it, what is appended to it, and what the page offers. */
export const questions = `
import { checkCase } from "./src/check/check-case.ts";
import { attentionLayoutCases } from "./src/check/cases/attention/layouts.ts";
import { appendKv, openGpu, tensor } from "./src/index.ts";
import { layoutRecords } from "./src/kernels/kv-cache/layouts.ts";
import { usualLayouts } from "./bench/attention/inputs/layouts.ts";
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

/** What it must and must not type, and a file that the guides wrote or changed, which is checked with it. */
export const typed = `import type { AttentionOptions, KvLayout, Tensor } from "./src/index.ts";
export const given = (cacheRows: Tensor): AttentionOptions => ({ layout: { kind: "indexed", cacheRows } });
export const appended = (cacheRows: Tensor): KvLayout => ({ kind: "indexed", cacheRows });
// @ts-expect-error: it has cacheRows
export const wrong: AttentionOptions = { layout: { kind: "indexed" } };
`;
export const checkedFile = "src/kernels/kv-cache/layouts/indexed.ts";
