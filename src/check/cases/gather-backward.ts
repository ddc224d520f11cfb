import { type GatherGradientOptions, gatherBackward } from "../../kernels/embedding/gather-backward.ts";
import { at, type Dense, dense } from "../../reference/dense.ts";
import { gatherBackward as reference } from "../../reference/embedding.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../case-table.ts";
import { inRuns } from "../emulation/sums.ts";
import { normal, randomSource } from "../random.ts";

type Inputs = "ids" | "dy" | "dtable?";
type Gradient = Case<Inputs, GatherGradientOptions>;

/** Tokens with ids in a table of `v` rows, drawn uniformly unless `id` says otherwise. */
function shape(
  name: string,
  [t, v, c]: readonly [number, number, number],
  id?: (i: number, uniform: () => number) => number,
  options: Partial<GatherGradientOptions> = {},
): Gradient {
  const source = randomSource(t + 17 * v);
  const ids = Array.from({ length: t }, (_, i) => id?.(i, source.uniform) ?? source.integer(v));
  return {
    name: `${name}: ${t} tokens, [${v}, ${c}]`,
    inputs: {
      ids: { shape: [t], values: ids, dtype: "u32" },
      dy: { shape: [t, c], values: normal(t * c, 3) },
      ...(options.accumulate ? { dtable: { shape: [v, c], values: normal(v * c, 4) } } : {}),
    },
    options: { rows: v, ...options },
  };
}

/** Ids as in text: the most frequent has a share of 1 / ln v. */
const zipf = (v: number) => (_: number, uniform: () => number) => Math.min(v - 1, Math.floor(v ** uniform()) - 1);

/** In f32 and in runs, in the order of the tokens. */
function emulation(
  { ids, dy, dtable: before }: { ids: Dense; dy: Dense; dtable?: Dense },
  { rows, scale = 1 }: GatherGradientOptions,
): { dtable: Dense } {
  const c = dy.shape[1] ?? 0;
  const dtable = dense([rows, c], before?.values);
  const tokens = new Map<number, number[]>();
  for (const [token, id] of ids.values.entries()) {
    const own = tokens.get(id) ?? [];
    own.push(token);
    tokens.set(id, own);
  }
  for (const [id, own] of tokens) {
    for (let j = 0; id < rows && j < c; j++) {
      const sum = inRuns((i) => at(dy.values, (own[i] ?? 0) * c + j), own.length);
      const scaled = Math.fround(Math.fround(scale) * sum);
      dtable.values[id * c + j] = Math.fround(at(dtable.values, id * c + j) + scaled);
    }
  }
  return { dtable };
}

const cases: readonly Gradient[] = [
  shape("one element", [1, 1, 1]),
  shape("prime lengths", [31, 97, 67]),
  shape("no tokens", [0, 5, 6]),
  shape("all ids equal", [300, 7, 12], () => 4),
  shape("all ids different", [256, 256, 8], (i) => (i * 77) % 256),
  shape("ids descend", [130, 130, 5], (i) => 129 - i),
  shape("the last row alone", [3, 300, 4], () => 299),
  shape("runs that end at the edges of pieces", [256, 5, 4], (i) => Math.floor(i / 64)),
  shape("runs of two pieces, and of one less", [255, 5, 3], (i) => (i < 128 ? 1 : i < 191 ? 2 : 4)),
  shape("characters", [3000, 65, 48], zipf(65)),
  shape("words as in text", [2000, 5000, 20], zipf(5000)),
  shape("two digits, ids that differ in one of them", [600, 1029, 4], (i) => [1, 257, 513, 512, 1028][i % 5] ?? 0),
  shape("three digits", [400, 70_000, 2], (i, uniform) => (i % 3 === 0 ? 65_536 : Math.floor(70_000 * uniform()))),
  shape("ids outside of the table", [200, 10, 6], (i) => [3, 10, 9, 2 ** 32 - 1, 11, 0][i % 6] ?? 0),
  shape("a table of 256 rows, ids outside of it", [300, 256, 4], (i) => (i * 5) % 270),
  shape("70,000 tokens of one id and few others", [70_000, 9, 3], (i) => (i % 1000 === 7 ? 2 : 8)),
  withTags(shape("folds: 10 and 20 workgroups", [640, 320, 2]), "folds"),
  shape("times a factor", [50, 20, 10], undefined, { scale: 55.5 }),
  shape("added to what is there", [90, 40, 7], (i) => (i * i) % 20, { accumulate: true, scale: 0.5 }),
  shape("added to what is there, a long run", [400, 4, 8], () => 2, { accumulate: true }),
  shape("nothing added", [0, 4, 8], undefined, { accumulate: true }),
];

export const gatherBackwardCases: CaseTable<
  Inputs,
  "dtable",
  GatherGradientOptions,
  keyof typeof gatherBackward.variants
> = {
  op: "gatherBackward",
  variants: variantsOf(gatherBackward),
  reference: (inputs, { rows, scale = 1 }) => reference(inputs, { rows, scale }),
  run: (gpu, { dtable, ...tensors }, options, variant) =>
    gatherBackward(gpu, tensors, { ...options, ...(dtable ? { into: { dtable } } : {}), variant }),
  cap: 1e-10,
  gate: { emulation: (inputs, options) => emulation(inputs, options) },
  cases,
};
