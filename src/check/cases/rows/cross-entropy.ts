import { crossEntropy, crossEntropyRows } from "../../../kernels/cross-entropy/cross-entropy.ts";
import { crossEntropyBackward } from "../../../kernels/cross-entropy/cross-entropy-backward.ts";
import type { LossOptions } from "../../../kernels/cross-entropy/options.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import {
  type CrossEntropyOptions,
  crossEntropy as reference,
  crossEntropyBackward as referenceBackward,
} from "../../../reference/cross-entropy.ts";
import { type Case, type CaseTable, stored, variantsOf, withTags } from "../../case-table.ts";
import {
  allowedInGradient,
  allowedInLoss,
  crossEntropy as emulation,
  crossEntropyBackward as emulationBackward,
} from "../../emulation/cross-entropy.ts";
import { normal, randomSource } from "../../random.ts";

type Loss = Case<"logits" | "targets", CrossEntropyOptions>;
type Change = (value: number, col: number, row: number) => number;

/** Rows of logits with a target each, the first and the last token among them; `target` gives others. */
function shape(
  name: string,
  [rows, cols]: readonly [number, number],
  options: CrossEntropyOptions = {},
  change: Change = (value) => value,
  target: (token: number, row: number) => number = (token) => token,
  dtype: "i32" | "u32" = "i32",
): Loss {
  const source = randomSource(rows * 31 + cols);
  const { vocabulary = cols } = options;
  const values = normal(rows * cols, 1, 2).map((value, i) => change(value, i % cols, Math.floor(i / cols)));
  const targets = Array.from({ length: rows }, (_, row) =>
    target(row === 0 ? vocabulary - 1 : row === 1 ? 0 : source.integer(vocabulary), row),
  );
  return {
    name,
    inputs: { logits: { shape: [rows, cols], values }, targets: { shape: [rows], values: targets, dtype } },
    options,
  };
}

const minus = Number.NEGATIVE_INFINITY;
const all = { smoothing: 0.1, softcap: 3, zLoss: 1e-3 } as const;
const someIgnored = (token: number, row: number) => (row % 3 === 1 ? -100 : token);

/** Padding that must not be read as a logit: NaN from column `vocabulary` on. */
const padded = (name: string, [rows, cols]: readonly [number, number], options: CrossEntropyOptions) =>
  shape(name, [rows, cols], options, (value, col) => (col < (options.vocabulary ?? cols) ? value : Number.NaN));

/** Logits whose target is `above` all others. */
const certain =
  (above: number): Change =>
  (value, col, row) =>
    col === (row * 7) % 40 ? above : value / 8;
const ofCertain = (_: number, row: number) => (row * 7) % 40;

const cases: readonly Loss[] = [
  shape("one element", [1, 1]),
  shape("one token, with all terms", [2, 1], all),
  shape("ragged: 3 rows of 127", [3, 127]),
  shape("prime width", [5, 257], all),
  shape("several Vectors a thread", [9, 1000], all),
  shape("several blocks of a thread", [2, 6000], all),
  shape("several blocks, one element a load", [2, 5003], { smoothing: 0.2 }),
  shape("a vocabulary", [3, 32_000], { zLoss: 1e-4 }),
  shape("70,000 rows", [70_000, 3], { smoothing: 0.1 }, undefined, someIgnored),
  withTags(shape("folds: 10 and 19 workgroups", [600, 4]), "folds"),
  shape("smoothing", [6, 61], { smoothing: 0.3 }),
  shape("all of it smoothed", [6, 64], { smoothing: 1 }),
  shape("z-loss", [6, 64], { zLoss: 0.1 }),
  shape("softcap", [6, 64], { softcap: 2 }, (value) => 4 * value),
  padded("padding: 53 tokens in 64 columns", [5, 64], { vocabulary: 53, ...all }),
  padded("padding: 48 tokens in 64 columns", [5, 64], { vocabulary: 48, ...all }),
  padded("padding: 1 token in 3 columns", [4, 3], { vocabulary: 1, zLoss: 0.1 }),
  padded("padding: 1000 tokens in 1028 columns", [3, 1028], { vocabulary: 1000 }),
  shape("ignored rows", [7, 33], all, undefined, someIgnored),
  shape("ignored rows of u32 targets", [7, 36], {}, undefined, (token, row) => someIgnored(token, row) >>> 0, "u32"),
  shape("ignored: a padding token of the vocabulary", [9, 36], { ignored: 3 }, undefined, (t, row) =>
    row % 2 ? 3 : t,
  ),
  shape("all ignored", [5, 36], all, undefined, () => -100),
  shape("ignored rows hold NaN", [4, 40], {}, (value, _, row) => (row === 1 ? Number.NaN : value), someIgnored),
  // The losses are 10⁻³ and 10⁻⁷: all their digits come from the small amount that the other tokens add to 1.
  shape("certain of the target", [8, 40], {}, certain(11), ofCertain),
  shape("very certain of the target", [8, 40], {}, certain(20), ofCertain),
  shape("outliers ×20", [4, 512], {}, (value, col) => (col % 100 === 7 ? 20 * value : value)),
  shape("growing rows: every block rescales", [3, 3000], {}, (value, col) => value + col / 20),
  shape("far from zero", [3, 200], { smoothing: 0.1 }, (value) => 1000 + value),
  shape("masked tokens: −∞", [5, 96], {}, (value, col, row) => (col > 20 * row + 3 && col < 95 ? minus : value)),
  shape("masked tokens under a softcap", [5, 96], { softcap: 5 }, (value, col) => (col % 7 === 5 ? minus : value)),
  shape("a target at −∞", [3, 40], {}, (value, col, row) => (row === 1 && col === 0 ? minus : value)),
  shape("a target at −∞, smoothed", [3, 40], { smoothing: 0.1 }, (value, col, row) =>
    row === 1 && col === 0 ? minus : value,
  ),
  shape("a row of −∞ is no distribution", [3, 36], {}, (value, _, row) => (row === 1 ? minus : value)),
  shape("NaN and +∞ stay in their rows", [5, 36], all, (value, col, row) =>
    row === 1 && col === 20 ? Number.NaN : row === 3 && col === 9 ? Number.POSITIVE_INFINITY : value,
  ),
  shape("targets that are no token", [5, 36], {}, undefined, (token, row) => (row === 1 ? 36 : row === 3 ? -1 : token)),
];

type Forward = CaseTable<
  "logits" | "targets",
  "losses" | "lse" | "loss" | "count",
  CrossEntropyOptions,
  keyof typeof crossEntropyRows.variants
>;

export const crossEntropyCases: Forward = {
  op: "crossEntropy",
  variants: variantsOf(crossEntropyRows),
  reference,
  run: (gpu, tensors, options, variant) => crossEntropy(gpu, tensors, { ...options, variant }),
  gate: {
    emulation: (inputs, options) => emulation(inputs, options),
    allowed: (inputs, _, options) => allowedInLoss(inputs, options),
  },
  cases,
};

type Gradient = "logits" | "targets" | "lse" | "count" | "dloss";

/** The gradient of a case, whose loss is one of more rows, as of a chunk. */
function gradientOf({ inputs, options = {}, ...rest }: Loss, more = 0): Case<Gradient, CrossEntropyOptions> {
  const { lse, count } = reference({ logits: stored(inputs.logits), targets: stored(inputs.targets) }, options);
  return {
    ...rest,
    inputs: {
      ...inputs,
      lse,
      count: { shape: [1], values: [(count.values[0] ?? 0) + more] },
      dloss: { shape: [1], values: [1.7] },
    },
    options,
  };
}

type Backward = CaseTable<
  Gradient,
  "dlogits",
  CrossEntropyOptions,
  keyof typeof crossEntropyBackward.variants | `${keyof typeof crossEntropyBackward.variants} in place`
>;

const backward = variantsOf(crossEntropyBackward);

export const crossEntropyBackwardCases: Backward = {
  op: "crossEntropyBackward",
  variants: [...backward, ...backward.map((variant) => `${variant} in place` as const)],
  reference: referenceBackward,
  run: (gpu, tensors, { into, ...options }, variant) => {
    const own = backward.find((one) => variant.startsWith(one)) ?? "lanes";
    const chosen: LossOptions = options;
    if (own === variant) return crossEntropyBackward(gpu, tensors, { ...chosen, variant: own, ...(into && { into }) });
    // On a copy between canaries, which show what was overwritten.
    const { y: logits } = contiguous(gpu, { x: tensors.logits }, into?.dlogits ? { into: { y: into.dlogits } } : {});
    return crossEntropyBackward(gpu, { ...tensors, logits }, { ...chosen, variant: own, inPlace: true });
  },
  gate: {
    emulation: (inputs, options) => emulationBackward(inputs, options),
    allowed: (inputs, _, options) => allowedInGradient(inputs, options),
  },
  cases: [
    ...cases.map((one) => gradientOf(one)),
    gradientOf(shape("a chunk of more rows", [4, 60], all, undefined, someIgnored), 1000),
    gradientOf(shape("a count of 0", [2, 60], all), -2),
  ],
};
