import { linearCrossEntropy } from "../../../kernels/cross-entropy/linear.ts";
import { linearCrossEntropyBackward } from "../../../kernels/cross-entropy/linear-backward.ts";
import {
  type CrossEntropyOptions,
  linearCrossEntropy as reference,
  linearCrossEntropyBackward as referenceBackward,
} from "../../../reference/cross-entropy.ts";
import { type Case, type CaseTable, stored, variantsOf } from "../../case-table.ts";
import { normal, randomSource } from "../../random.ts";

type Inputs = "x" | "weight" | "bias?" | "targets";
type Options = CrossEntropyOptions & { readonly chunk?: number };
type Loss = Case<Inputs, Options>;

/** Rows of c columns and v tokens, logits of about `scale`; `target` gives other targets. */
function shape(
  name: string,
  [rows, v, c]: readonly [number, number, number],
  options: CrossEntropyOptions = {},
  {
    scale = 2,
    target = (token: number) => token,
    bias = false,
  }: { scale?: number; target?: (token: number, row: number) => number; bias?: boolean } = {},
): Loss {
  const source = randomSource(rows * 31 + v);
  const { vocabulary = v } = options;
  const targets = Array.from({ length: rows }, (_, row) =>
    target(row === 0 ? vocabulary - 1 : row === 1 ? 0 : source.integer(vocabulary), row),
  );
  return {
    name,
    inputs: {
      x: { shape: [rows, c], values: normal(rows * c, 1, scale) },
      weight: { shape: [v, c], values: normal(v * c, 2, 1 / Math.sqrt(c)) },
      ...(bias ? { bias: { shape: [v], values: normal(v, 3) } } : {}),
      targets: { shape: [rows], values: targets, dtype: "i32" },
    },
    options: { ...options, chunk: 64 },
  };
}

const all = { smoothing: 0.1, softcap: 3, zLoss: 1e-3 } as const;
const someIgnored = (token: number, row: number) => (row % 3 === 1 ? -100 : token);

const cases: readonly Loss[] = [
  shape("one row, one token", [1, 1, 4]),
  shape("less than a chunk", [5, 61, 12], all),
  shape("chunks of rows and of tokens, all full", [128, 192, 16]),
  shape("ragged chunks: 131 rows, 197 tokens of 13 columns", [131, 197, 13], all),
  shape("one column", [70, 67, 1], { smoothing: 0.2 }),
  shape("ignored rows", [70, 130, 8], all, { target: someIgnored }),
  shape("all ignored", [66, 70, 8], all, { target: () => -100 }),
  shape("padding: 131 tokens of 192", [66, 192, 8], { ...all, vocabulary: 131 }),
  shape("padding: a block of nothing else", [6, 192, 8], { vocabulary: 64 }),
  shape("certain: logits of 60", [66, 130, 8], {}, { scale: 60 }),
  shape("a bias: ragged chunks", [131, 197, 13], all, { bias: true, target: someIgnored }),
  shape("a bias: one row, a padded vocabulary", [1, 192, 8], { vocabulary: 131 }, { bias: true }),
  shape("targets that are no token", [5, 130, 8], {}, { target: (token, row) => (row === 2 ? 130 : token) }),
];

export const linearCrossEntropyCases: CaseTable<
  Inputs,
  "losses" | "lse" | "loss" | "count",
  Options,
  keyof typeof linearCrossEntropy.variants
> = {
  op: "linearCrossEntropy",
  variants: variantsOf(linearCrossEntropy),
  reference: (inputs, { chunk: _, ...options }) => reference(inputs, options),
  run: (gpu, tensors, { into: _, ...options }, variant) => {
    const { losses, lse, loss, count } = linearCrossEntropy(gpu, tensors, { ...options, variant });
    return { losses, lse, loss, count };
  },
  canaries: false,
  cases,
};

type Gradient = Inputs | "lse" | "count" | "dloss";

function gradientOf({ inputs, options, ...rest }: Loss): Case<Gradient, Options> {
  const { chunk: _, ...loss } = options ?? {};
  const { x, weight, bias, targets } = inputs;
  const given = { x: stored(x), weight: stored(weight), bias: bias && stored(bias), targets: stored(targets) };
  const { lse, count } = reference(given, loss);
  return {
    ...rest,
    inputs: { ...inputs, lse, count, dloss: { shape: [1], values: [1.7] } },
    options: options ?? {},
  };
}

export const linearCrossEntropyBackwardCases: CaseTable<
  Gradient,
  "dx" | "dweight" | "dbias?",
  Options,
  keyof typeof linearCrossEntropyBackward.variants
> = {
  op: "linearCrossEntropyBackward",
  variants: variantsOf(linearCrossEntropyBackward),
  reference: (inputs, { chunk: _, ...options }) => referenceBackward(inputs, options),
  run: (gpu, { lse, count, dloss, ...given }, { into: _, ...options }, variant) => {
    // The loss in blocks also returns the sum of the other tokens' probabilities.
    const forward = linearCrossEntropy(gpu, given, { ...options, variant: "vocabularyBlocks" });
    const others = variant === "vocabularyBlocks" ? { others: forward.others } : {};
    const tensors = { ...given, lse, count, dloss, ...others };
    const { dx, dweight, dbias } = linearCrossEntropyBackward(gpu, tensors, { ...options, variant });
    if (!dx || !dweight) throw new Error("linearCrossEntropyBackward gave no gradients");
    return { dx, dweight, ...(dbias && { dbias }) };
  },
  canaries: false,
  cases: cases.map(gradientOf),
};
