import type { Gpu } from "../../../gpu/gpu.ts";
import { type SampleTensors, sample } from "../../../kernels/sampling/sample.ts";
import { packSettings, type SamplingSettings } from "../../../kernels/sampling/settings.ts";
import { threefry2x32 } from "../../../reference/dropout.ts";
import { argmax, filter, sample as reference } from "../../../reference/sampling.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { randomSource } from "../../random.ts";

/** One batch row to be sampled; a row that has ended has 0 tokens. */
export interface SampleRow {
  readonly logits: ArrayLike<number>;
  readonly settings: SamplingSettings;
  readonly seed: number;
  readonly position?: number;
  readonly tokens?: number;
}

/** Settings of every kind, alone and combined. */
export const kinds: readonly SamplingSettings[] = [
  {},
  { temperature: 0.7 },
  { temperature: 0 },
  { topK: 40 },
  { topP: 0.9 },
  { minP: 0.05 },
  { temperature: 1.3, topK: 100, topP: 0.8 },
  { temperature: 0.8, topK: 50, topP: 0.95, minP: 0.02 },
  { temperature: 2, topP: 0.5, minP: 0.1 },
];

/** Seeded rows that cycle through the kinds of settings. */
export function rowsOf(count: number, v: number, logits: (row: number) => ArrayLike<number>, first = 0): SampleRow[] {
  const source = randomSource(count + v + first);
  return Array.from({ length: count }, (_, row) => ({
    logits: logits(row),
    settings: kinds[(first + row) % kinds.length] ?? {},
    seed: source.integer(2 ** 32),
    position: source.integer(100_000),
    tokens: 1 + source.integer(3),
  }));
}

/** The kernel's results. */
interface SampleResult {
  readonly chosen: number[];
  /** The 64 rows of the step, four words each. */
  readonly step: number[][];
  readonly counts: number[] | undefined;
}

/** Word that fills rows of the step outside the batch. */
export const untouched = 0xabcdef;

/** Runs the kernel once over up to 64 rows of equal length. */
export async function runSample(
  gpu: Gpu,
  rows: readonly SampleRow[],
  counts?: ArrayLike<number>,
  draw: (gpu: Gpu, tensors: SampleTensors) => { readonly chosen: Tensor } = sample,
): Promise<SampleResult> {
  const b = rows.length;
  const v = rows[0]?.logits.length ?? 0;
  const logits = new Float32Array(b * v);
  const step = new Uint32Array(256).fill(untouched);
  rows.forEach(({ logits: row, seed, position = 0, tokens = 1 }, index) => {
    logits.set(row, index * v);
    step.set([position, tokens, untouched, seed], 4 * index);
  });
  using _scope = gpu.scope();
  const tensors = {
    logits: tensor(gpu, [b, v], logits),
    settings: tensor(gpu, [64, 8], packSettings(rows.map(({ settings }) => settings))),
    step: tensor(gpu, [64, 4], step, "u32"),
    counts: counts && tensor(gpu, [b, v], counts, "u32"),
  };
  const { chosen } = draw(gpu, tensors);
  const words = await tensors.step.read();
  return {
    chosen: [...(await chosen.read())],
    step: Array.from({ length: 64 }, (_, row) => [...words.subarray(4 * row, 4 * row + 4)]),
    counts: tensors.counts && [...(await tensors.counts.read())],
  };
}

/** A setting as passed to the kernel. */
const settingsOf = ({ temperature = 1, topK = 0, topP = 1, minP = 0 }: SamplingSettings) => ({
  temperature: Math.fround(temperature),
  topK,
  topP: Math.fround(topP),
  minP: Math.fround(minP),
});

const logitsOf = (row: SampleRow) => Float64Array.from(Float32Array.from(row.logits));

/** The random word of a row: key (seed, 0), counter (position of the sampled token, 0). */
const wordOf = ({ seed, position = 0, tokens = 1 }: SampleRow) => threefry2x32([seed, 0], [position + tokens, 0])[0];

/** The token that the float64 reference draws. */
export function expectedToken(row: SampleRow): number {
  const values = logitsOf(row);
  const logits = { shape: [1, values.length], values };
  const options = settingsOf(row.settings);
  const { ids } =
    options.temperature === 0
      ? argmax({ logits })
      : reference({ logits, words: { shape: [1], values: Float64Array.of(wordOf(row)) } }, options);
  return ids.values[0] ?? -1;
}

/**
 * Whether f32 rounding can explain that `id` was drawn. Every weight of the kernel is off by at most its relative error
 * plus 1 for the floor. The relative error: x = (l − max) / T is off by 3 ulp (a subtraction and a division of 2.5
 * ulp), exp adds 3 + 2·|x| ulp (WGSL, "Accuracy of expressions"), the division by S and the product 3 more; the error
 * of S is common to all weights and the target, so it cancels. Sums of weights within the sum of these bounds may fall
 * on either side of top-p's share and of the target; likelihoods within theirs may fall on either side of min-p.
 */
export function isNearTie(row: SampleRow, id: number): boolean {
  const values = logitsOf(row);
  const { temperature, topK, topP, minP } = settingsOf(row.settings);
  const max = values.reduce((largest, logit) => Math.max(largest, logit));
  const x = values.map((logit) => (logit - max) / temperature);
  const p = x.map(Math.exp);
  const relative = x.map((value) => (9 + 5 * Math.abs(value)) * 2 ** -24 * 2);
  const sum = p.reduce((all, next) => all + next, 0);
  const weights = p.map((one) => (one / sum) * 2 ** 31);
  const slack = weights.map((weight, i) => (weight > 0 ? weight * (relative[i] ?? 0) + 1 : 0));
  const { kept } = filter({ logits: { shape: [1, values.length], values } }, { topK });

  /** Sum of weights, and of their bounds, over the tokens for which `keep` holds. */
  const massOf = (keep: (i: number) => boolean, end = weights.length) => {
    let mass = 0;
    let bound = 0;
    for (let i = 0; i < end; i++) {
      if (!keep(i)) continue;
      mass += weights[i] ?? 0;
      bound += slack[i] ?? 0;
    }
    return { mass, bound };
  };
  const inTopK = (i: number) => kept.values[i] === 1;
  const all = massOf(inTopK);
  const above = (threshold: number) => (i: number) => inTopK(i) && (values[i] ?? 0) >= threshold;

  // All thresholds that top-p may have found.
  const thresholds = [...new Set(values.filter((_, i) => inTopK(i)))].sort((a, b) => b - a);
  let before = { mass: 0, bound: 0 };
  const nuclei: number[] = topP < 1 ? [] : [thresholds.at(-1) ?? 0];
  for (const threshold of topP < 1 ? thresholds : []) {
    const at = massOf(above(threshold));
    const reaches = at.mass + at.bound + all.bound >= topP * all.mass;
    const needed = threshold === max || before.mass - before.bound - all.bound < topP * all.mass;
    if (reaches && needed) nuclei.push(threshold);
    if (!needed) break;
    before = at;
  }
  return nuclei.some((threshold) =>
    [-1, 1].some((sign) => {
      const keep = (i: number) =>
        above(threshold)(i) && (values[i] === max || (p[i] ?? 0) * (1 + sign * (relative[i] ?? 0)) >= minP);
      const { mass: total, bound } = massOf(keep);
      const target = (wordOf(row) / 2 ** 32) * total;
      const start = massOf(keep, id).mass;
      return keep(id) && start - bound - 1 <= target && target <= start + (weights[id] ?? 0) + bound + 1;
    }),
  );
}
