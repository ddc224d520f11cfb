import { type LayerNormBackwardOptions, layerNormBackward } from "../../../kernels/norm/layer-norm-backward.ts";
import { type RmsNormBackwardOptions, rmsNormBackward } from "../../../kernels/norm/rms-norm-backward.ts";
import * as reference from "../../../reference/norm.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import * as emulation from "../../emulation/norm-backward.ts";
import { allowedUlps } from "../../gate.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "weight" | "dy" | "dsum?";
type Options = RmsNormBackwardOptions;

interface Kind {
  readonly scale?: number;
  readonly mean?: number;
  readonly eps?: number;
  readonly dsum?: boolean;
  readonly upstream?: (value: number, i: number) => number;
}

const shape = (
  name: string,
  leading: number[],
  cols: number,
  { scale = 1, mean = 0, eps = 1e-5, dsum = false, upstream = (value) => value }: Kind = {},
): Case<Inputs, Options> => {
  const [all, like] = [sizeOf(leading) * cols, [...leading, cols]];
  return {
    name,
    inputs: {
      x: { shape: like, values: normal(all, 1, scale, mean) },
      weight: { shape: [cols], values: normal(cols, 2).map((value, j) => (j % 7 === 3 ? 0 : value)) },
      dy: { shape: like, values: normal(all, 3).map(upstream) },
      ...(dsum ? { dsum: { shape: like, values: normal(all, 4) } } : {}),
    },
    options: { eps },
  };
};

const cases = [
  // Where eps is far below x², the gradient of a single element is only rounding.
  shape("one element, eps of its size", [1], 1, { eps: 0.5 }),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width, with a residual", [2, 5], 257, { dsum: true }),
  shape("several strides per thread, two workgroups", [11], 1000),
  shape("a row for all threads, with a residual", [3], 1028, { dsum: true }),
  { ...shape("a row for all threads, one element per load", [2], 1031), refusedBy: ["registers"] }, // at most 1024
  shape("eight loads of a thread", [5], 2052),
  shape("per head, [b, t, h, d]: the weight's gradient over heads too", [2, 7, 3], 64),
  shape("groups of two and three rows", [263], 20),
  shape("groups of two and one: 129 rows", [129], 99, { dsum: true }),
  shape("more rows of a group than a subgroup takes at a time", [1201], 12),
  withTags(shape("folds: 19 workgroups, or 75", [150], 260), "folds"),
  shape("large values", [3], 64, { scale: 1e4 }),
  shape("tiny values: eps matters", [3], 64, { scale: 1e-4 }),
  shape("outliers ×20 upstream", [5], 96, { upstream: (value, i) => (i % 37 === 5 ? 20 * value : value) }),
  shape("a gradient of zero", [5], 36, { upstream: () => 0 }),
  // The precision that is left in f32 where rows are added up one by one.
  shape("70,000 rows whose gradients all add up", [70_000], 3, { mean: 1, upstream: Math.abs }),
  shape("70,000 short rows: norms per head", [70_000], 32),
];

/** Each gradient alone, as where the others are frozen. */
const alone = <N extends string>(...names: N[]) =>
  names.map((only) => {
    const needs = Object.fromEntries(["x", "weight", ...names].map((name) => [name, name === only])) as {
      [M in N | "x" | "weight"]: boolean;
    };
    const item = shape(`only the gradient of ${only}`, [150], 20, { dsum: true });
    return { ...item, options: { eps: 1e-5, needs } };
  });

/** The gradients that a call is to make, of all. */
function needed<G extends { readonly dx: T; readonly dweight: T; readonly dbias?: T }, T>(
  gradients: G,
  { needs = {} }: LayerNormBackwardOptions,
) {
  const wanted = { x: true, weight: true, bias: false, ...needs };
  const entries = Object.entries(gradients).filter(([name]) => wanted[name.slice(1) as keyof typeof wanted]);
  return Object.fromEntries(entries) as { dx?: T; dweight?: T; dbias?: T };
}

/** An oracle that takes the op's arguments. */
const ofNeeded =
  <I, G extends { readonly dx: T; readonly dweight: T; readonly dbias?: T }, T>(
    all: (inputs: I, options: { eps: number }) => G,
  ) =>
  (inputs: I, options: LayerNormBackwardOptions) =>
    needed<G, T>(all(inputs, { eps: options.eps }), options);

export const rmsNormBackwardCases: CaseTable<
  Inputs,
  "dx?" | "dweight?",
  Options,
  keyof typeof rmsNormBackward.variants
> = {
  op: "norm/rms-norm-backward",
  variants: variantsOf(rmsNormBackward),
  requires: (variant) => requirementsOf(rmsNormBackward, variant),
  reference: ofNeeded(reference.rmsNormBackward),
  run: (gpu, tensors, options, variant) => rmsNormBackward(gpu, tensors, { ...options, variant }),
  gate: { emulation: ofNeeded(emulation.rmsNormBackward), allowed: () => allowedUlps.inverseSqrt },
  cases: [
    ...cases,
    ...alone("x", "weight"),
    {
      // Squares of 5·10⁻⁸, each lost where it is added by itself to a sum of 1.
      name: "one large element in a long row",
      inputs: {
        x: { shape: [1, 131_072], values: Array.from({ length: 131_072 }, (_, i) => (i === 3 ? 1 : 2.139e-4)) },
        weight: { shape: [131_072], values: normal(131_072, 2) },
        dy: { shape: [1, 131_072], values: normal(131_072, 3) },
      },
      options: { eps: 0 },
      refusedBy: ["subgroups", "registers"], // rows of at most 8192, and 4096
      // Of the fourth element only 1 / 167 is left once its mean is subtracted: its bound is relative to its size
      // before.
      bounds: { results: { dx: { relative: 2e-5, absolute: 2e-5 * 361 }, dweight: { relative: 2e-5 } } },
    },
  ],
};

export const layerNormBackwardCases: CaseTable<
  Inputs,
  "dx?" | "dweight?" | "dbias?",
  LayerNormBackwardOptions,
  keyof typeof layerNormBackward.variants
> = {
  op: "norm/layer-norm-backward",
  variants: variantsOf(layerNormBackward),
  requires: (variant) => requirementsOf(layerNormBackward, variant),
  reference: ofNeeded(reference.layerNormBackward),
  run: (gpu, tensors, options, variant) => layerNormBackward(gpu, tensors, { ...options, variant }),
  gate: { emulation: ofNeeded(emulation.layerNormBackward), allowed: () => allowedUlps.inverseSqrt },
  cases: [
    ...cases.map((item, i) => ({
      ...item,
      options: { ...item.options, ...(i % 3 === 2 ? {} : { needs: { bias: true } }) },
    })),
    ...alone("x", "weight", "bias"),
    shape("a mean far above the spread", [3], 768, { mean: 300 }),
  ],
};
