import countSource from "#shaders/cross-entropy/count.wgsl";
import meanSource from "#shaders/cross-entropy/mean.wgsl";
import naiveSource from "#shaders/cross-entropy/naive.wgsl";
import onlineSource from "#shaders/cross-entropy/online.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, oneOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields, withOptions } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp, type VariantChoice } from "../define/op.ts";
import { rowGrid } from "../reduce/lanes.ts";
import {
  byLanes,
  byThread,
  type Ignoring,
  ignoredCheck,
  ignoredWord,
  type LossOptions,
  lossChecks,
  lossKernel,
} from "./options.ts";

/** Logits f32 `[rows, v]` and the token of each row `[rows]`, i32 or u32. */
export interface LossTensors {
  readonly logits: Tensor;
  readonly targets: Tensor;
}

/** Of each row `[rows]`: its loss, and the logarithm of its sum of exponentials. */
export interface RowLosses {
  readonly losses: Tensor;
  readonly lse: Tensor;
}

/** The mean loss over live rows `[1]`, and their number `[1]`, f32. */
export interface MeanLoss {
  readonly loss: Tensor;
  readonly count: Tensor;
}

const rowsOfLogits = {
  inputs: { logits: "[rows, cols]", targets: "[rows]" },
  outputs: { losses: "[rows]", lse: "[rows]" },
  accepts: { targets: ["u32", "i32"] },
  ...lossKernel,
} as const;

/** The cross-entropy of rows with a thread each. */
const naive = {
  record: defineKernel({
    name: "cross-entropy/naive",
    source: naiveSource,
    ...rowsOfLogits,
    specialise: (_, options: LossOptions) => byThread(options),
    threads: ({ rows }) => rows,
    cost: ({ rows, cols }, { vocabulary = cols }) => ({
      flops: 6 * rows * vocabulary,
      requestedBytes: 8 * rows * vocabulary + 16 * rows,
    }),
  }),
};

/** The cross-entropy of rows that several threads share. */
const online = {
  record: defineKernel({
    name: "cross-entropy/online",
    source: onlineSource,
    ...rowsOfLogits,
    specialise: ({ cols }, options: LossOptions) => byLanes(cols, options),
    ...rowGrid,
    cost: ({ rows, cols }, { vocabulary = cols }) => ({
      flops: 6 * rows * vocabulary,
      requestedBytes: 8 * rows * vocabulary,
    }),
  }),
};

const variants = { online, naive } as const;

type Variants = typeof variants;

/**
 * Cross-entropy of each row of logits with its target, for losses whose mean is taken later: of a head that is computed
 * in chunks of rows. Tensors, options and NaN as in {@link crossEntropy}.
 */
export const crossEntropyRows = defineOp<LossTensors, LossOptions & Into<RowLosses>, RowLosses, Variants>(
  { name: "crossEntropyRows", variants, order: () => ["online", "naive"] },
  {
    tensors: tensorFields("logits", "targets"),
    options: fieldsOf<LossOptions & Into<RowLosses>>({ ...lossChecks, into: intoOf("losses", "lse") }),
  },
);

/**
 * The number of targets that are not ignored. targets `[rows]`, i32 or u32 → count f32 `[1]`, exact up to 2²⁴. For
 * chunks of rows, whose gradients need the count of all.
 */
export const countTargets = withOptions(
  defineKernel({
    name: "cross-entropy/count",
    source: countSource,
    inputs: { targets: "[rows]" },
    outputs: { count: "[one]" },
    accepts: { targets: ["u32", "i32"] },
    axes: () => ({ one: 1 }),
    params: ({ rows }, options: Ignoring) => ({ rows, ignored: ignoredWord(options) }),
    workgroups: () => [1, 1],
    cost: ({ rows }) => ({ flops: 0, requestedBytes: 4 * rows + 4 }),
  }),
  { ignored: ignoredCheck },
);

/** The mean of losses `[rows]`, of which `count` `[1]` are not ignored → loss `[1]`; 0 if all are ignored. */
export const meanLoss = withOptions(
  defineKernel({
    name: "cross-entropy/mean",
    source: meanSource,
    inputs: { losses: "[rows]", count: "[1]" },
    outputs: { loss: "[one]" },
    axes: () => ({ one: 1 }),
    params: ({ rows }) => ({ rows }),
    workgroups: () => [1, 1],
    cost: ({ rows }) => ({ flops: rows, requestedBytes: 4 * rows + 12 }),
  }),
  {},
);

/**
 * Cross-entropy of logits with target tokens: `loss = lse − (1 − ε)·z[t] − ε·mean(z) + ζ·lse²` with `lse = log Σ exp z`
 * over the logits z of the columns that are tokens, soft-capped if there is a softcap. logits f32 `[rows, v]`, targets
 * `[rows]`, i32 or u32 → losses and lse `[rows]`, 0 in ignored rows; loss `[1]`, their mean over the rows that are not
 * ignored, 0 if all are; count `[1]`, the number of these rows. NaN where a target is no token, and in rows with NaN or
 * +∞, or nothing above −∞. Throws `ShapeError` for a vocabulary beyond the columns.
 */
export function crossEntropy(
  gpu: Gpu,
  tensors: LossTensors,
  options: LossOptions & Into<RowLosses & MeanLoss> & VariantChoice<Variants> = {},
): RowLosses & MeanLoss {
  checkCall("crossEntropy", tensorFields("logits", "targets"), tensors, fields, options);
  const { into, ...rest } = options;
  return gpu.group({ op: "crossEntropy", variant: "mean", options: rest, by: crossEntropy, tensors }, () => {
    const { losses, lse } = crossEntropyRows(gpu, tensors, { ...rest, ...intoOnly(into, "losses", "lse") });
    const { ignored } = options;
    const { count } = countTargets(gpu, { targets: tensors.targets }, { ignored, ...intoOnly(into, "count") });
    const { loss } = meanLoss(gpu, { losses, count }, intoOnly(into, "loss"));
    return { losses, lse, loss, count };
  });
}

type Results = RowLosses & MeanLoss;

/** The memory passed for some of the results. */
function intoOnly(into: Into<Results>["into"], ...names: readonly (keyof Results)[]): Into<Results> {
  const given = names.flatMap((name) => (into?.[name] ? [[name, into[name]]] : []));
  return given.length > 0 ? { into: Object.fromEntries(given) } : {};
}

const fields = fieldsOf<LossOptions & Into<Results> & VariantChoice<Variants>>({
  ...lossChecks,
  into: intoOf("losses", "lse", "loss", "count"),
  variant: oneOf(...Object.keys(variants)),
});
