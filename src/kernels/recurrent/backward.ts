import cellStatesSource from "#shaders/recurrent/cell-states.wgsl";
import previousSource from "#shaders/recurrent/previous.wgsl";
import residentSource from "#shaders/recurrent/resident-backward.wgsl";
import gru from "#shaders/recurrent/slopes/gru.wgsl";
import gruBefore from "#shaders/recurrent/slopes/gru-before.wgsl";
import lstm from "#shaders/recurrent/slopes/lstm.wgsl";
import rnn from "#shaders/recurrent/slopes/rnn.wgsl";
import stepSource from "#shaders/recurrent/step-backward.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { boolean, fieldsOf, object } from "../../options/checks.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import { maskLengths } from "../alignment/mask-lengths.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { sigmoid } from "../elementwise/activation.ts";
import { add, mul } from "../elementwise/elementwise.ts";
import { fill } from "../elementwise/fill.ts";
import { gemm } from "../gemm/gemm.ts";
import { concat } from "../layout/concat.ts";
import { matmul } from "../matmul/matmul.ts";
import { columnSums } from "../reduce/column-sums.ts";
import { tuning } from "../tuning.ts";
import {
  gatesOf,
  lengthsPart,
  type RecurrentCell,
  type RecurrentOptions,
  type RecurrentSizes,
  type RecurrentTensors,
  recurrentChecks,
  recurrentSizes,
  refuseWidth,
  residentConstants,
  reverseOf,
  type StepOptions,
  stateCopy,
  withLengths,
} from "./problem.ts";
import { resetBackwardKernel, resetProductsOfAll, type SplitWeights, splitWeights } from "./reset.ts";
import { beforeBackwardKernel, beforeBackwardResidence } from "./reset-resident.ts";

/** The tensors of `recurrent`, its result, and gradients of its results; absent gradients are zeros. */
export interface RecurrentGradientTensors extends RecurrentTensors {
  /** The result of `recurrent`, `[b, t, h]`. */
  readonly out: Tensor;
  /** `[b, t, h]` */
  readonly dout?: Tensor | undefined;
  /** `[b, h]` */
  readonly dstate?: Tensor | undefined;
  /** `[b, h]`, of an LSTM. */
  readonly dcell?: Tensor | undefined;
}

/** Which gradients are needed; default all of the tensors given. */
type Needs = { readonly [K in "x" | "weightIh" | "weightHh" | "biasIh" | "biasHh"]?: boolean };

/** The options of `recurrent`, and which gradients are needed. */
export interface RecurrentBackwardOptions extends RecurrentOptions {
  readonly needs?: Needs | undefined;
}

/** Gradients of the tensors of `recurrent`, in their shapes; `dstate` and `dcell` are those of the first state. */
export interface RecurrentGradients {
  readonly dx?: Tensor;
  readonly dweightIh?: Tensor;
  readonly dweightHh?: Tensor;
  readonly dbiasIh?: Tensor;
  readonly dbiasHh?: Tensor;
  readonly dstate: Tensor;
  readonly dcell?: Tensor;
}

const previousKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/previous",
  source: previousSource,
  inputs: { out: "[b, t, h]", start: "[b, h]", "lengths?": "[b]" },
  outputs: { previous: "[b, t, h]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t, h }, options: RecurrentOptions) => ({ b, t, h, reverse: reverseOf(options) }),
  specialise: (_axes, _options, context) => ({ parts: [lengthsPart(context)] }),
  threads: ({ b, t, h }) => b * t * h,
  cost: ({ b, t, h }, _options, { dtypes }) => ({
    flops: 0,
    requestedBytes: 4 * b * t * h * (2 + withLengths(dtypes)),
  }),
});

const cellStatesKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/cell-states",
  source: cellStatesSource,
  inputs: { gates: "[b, t, columns]", start: "[b, h]", "lengths?": "[b]" },
  outputs: { previous: "[b, t, h]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t, h }, options: RecurrentOptions) => ({ b, t, h, reverse: reverseOf(options) }),
  specialise: (_axes, _options, context) => ({ parts: [lengthsPart(context)] }),
  threads: ({ b, h }) => b * h,
  cost: ({ b, t, h }, _options, { dtypes }) => ({
    flops: 6 * b * t * h,
    requestedBytes: 4 * b * h * (4 * t + 1 + withLengths(dtypes)),
  }),
});

const slopes = { lstm, gru, rnn } as const;

/** The part for a cell. */
const slopesPart = ({ cell, reset }: RecurrentOptions) => (reset === "before" ? gruBefore : slopes[cell]);

/** Numbers that a cell's part reads and writes for an element of the state in a step, and its row's length. */
const alsoRead = ({ cell, reset }: RecurrentOptions, dtypes: object): number =>
  (reset === "before" ? 1 : { lstm: 3, gru: 4, rnn: 0 }[cell]) + withLengths(dtypes);

/** Operations for an element of the state in a step, other than products. */
const flopsOf: Readonly<Record<RecurrentCell, number>> = { lstm: 30, gru: 24, rnn: 4 };

const inputs = {
  gates: "[b, t, columns]",
  dout: "[b, t, h]",
  "m?": "[b, t, columns]",
  "previous?": "[b, t, h]",
  "cells?": "[b, t, h]",
  "lengths?": "[b]",
} as const;

const stepKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/step-backward",
  source: stepSource,
  inputs,
  inout: { dstate: "[b, h]", dgates: "[b, t, columns]", "dcell?": "[b, h]" },
  outputs: { slopes: "[b, columns]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t, h }, options: StepOptions) => ({ b, t, h, step: options.step, reverse: reverseOf(options) }),
  specialise: (_axes, options, context) => ({ parts: [slopesPart(options), lengthsPart(context)] }),
  threads: ({ b, h }) => b * h,
  cost: ({ b, h }, options, { dtypes }) => ({
    flops: b * h * flopsOf[options.cell],
    requestedBytes: 4 * b * h * (3 * gatesOf[options.cell] + 3 + alsoRead(options, dtypes)),
  }),
});

const residentKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/resident-backward",
  source: residentSource,
  inputs: { ...inputs, weight: "[columns, h]" },
  inout: { dstate: "[b, h]", dgates: "[b, t, columns]", "dcell?": "[b, h]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t }, options: RecurrentOptions) => ({ b, t, reverse: reverseOf(options) }),
  specialise: ({ h }, { cell }, context) => ({
    parts: [slopes[cell], lengthsPart(context)],
    constants: residentConstants(context.gpu, residenceOf({ h, gates: gatesOf[cell] })),
  }),
  workgroups: ({ b }) => [Math.ceil(b / usual.ROWS)],
  cost: ({ b, t, h }, options, { dtypes, gpu }) => {
    const { cell } = options;
    const gates = gatesOf[cell];
    const { HELD } = residentConstants(gpu, residenceOf({ h, gates }));
    const weights = Math.ceil(b / usual.ROWS) * h * (HELD + t * (gates * h - HELD));
    return {
      flops: b * t * h * (2 * gates * h + flopsOf[cell]),
      requestedBytes: 4 * (weights + b * t * h * (2 * gates + 5 + alsoRead(options, dtypes))),
    };
  },
});

/** The shader's own sizes. */
const usual = /* @__PURE__ */ constantsOf(residentSource, "WORKGROUP", "ROWS");

/** Rows of the weight as it is are held, one for each gate of each unit. */
const residenceOf = ({ h, gates }: Pick<RecurrentSizes, "h" | "gates">) => ({
  h,
  lines: gates * h,
  columns: h,
  usual,
  perRow: gates * h,
});

/** What the steps read and change. */
interface Steps {
  readonly sizes: RecurrentSizes;
  readonly weight: Tensor;
  /** Its two parts, for a reset before the product. */
  readonly split?: SplitWeights | undefined;
  readonly read: {
    readonly gates: Tensor;
    readonly dout: Tensor;
    readonly m?: Tensor;
    readonly previous?: Tensor;
    readonly cells?: Tensor;
    readonly lengths?: Tensor;
  };
  readonly changed: { readonly dstate: Tensor; readonly dgates: Tensor; readonly dcell?: Tensor };
}

/**
 * Gradients, of which only the steps differ between variants. All states are known, so the gates are computed again
 * in one product for all tokens, and the gradients of weights are one product each.
 */
function gradientsBy(walk: (gpu: Gpu, steps: Steps, options: RecurrentOptions) => void) {
  return (gpu: Gpu, tensors: RecurrentGradientTensors, options: RecurrentBackwardOptions): RecurrentGradients => {
    using scope = gpu.scope();
    const { cell, needs = {} } = options;
    const { weightIh, weightHh, biasIh, biasHh, out, dout } = tensors;
    const lengths = tensors.lengths ? { lengths: tensors.lengths } : {};
    const x = tensors.lengths
      ? maskLengths(gpu, { x: tensors.x, lengths: tensors.lengths }, { axis: 1, value: 0 }).y
      : tensors.x;
    const sizes = recurrentSizes("recurrentBackward", tensors, options);
    const { b, t, h, gates } = sizes;
    const start = stateCopy(gpu, sizes, tensors.state);
    const { previous } = previousKernel(gpu, { out, start, ...lengths }, { cell, reverse: options.reverse });
    const again = computedAgain(gpu, { ...tensors, x, previous }, options, sizes);
    const changed = {
      dstate: stateCopy(gpu, sizes, tensors.dstate),
      dgates: empty(gpu, [b, t, gates * h], "f32", "recurrent dgates"),
      ...(cell === "lstm" ? { dcell: stateCopy(gpu, sizes, tensors.dcell) } : {}),
    };
    const { gates: before, own, split } = again;
    const read = { gates: before, dout: dout ?? fill(gpu, [b, t, h], 0), ...own, ...lengths };
    const { needs: _, ...rest } = options;
    walk(gpu, { sizes, weight: weightHh, split, read, changed }, rest);
    const rows = (of: Tensor) => reshape(of, [b * t, of.shape[2] ?? 0]);
    const dgates = rows(changed.dgates);
    const dm = rows(again.ofProducts(changed.dgates));
    const wanted = (name: keyof Needs) => needs[name] !== false;
    const { y: dx } = wanted("x") ? gemm(gpu, { a: dgates, b: weightIh }) : { y: undefined };
    return {
      ...(dx ? { dx: scope.keep(reshape(dx, x.shape)) } : {}),
      ...(wanted("weightIh") ? { dweightIh: scope.keep(gemm(gpu, { a: transpose(dgates), b: rows(x) }).y) } : {}),
      ...(wanted("weightHh") ? { dweightHh: scope.keep(ofStateWeight(gpu, dm, previous, again.reset)) } : {}),
      ...(biasIh && wanted("biasIh") ? { dbiasIh: scope.keep(columnSums(gpu, { x: dgates }).y) } : {}),
      ...(biasHh && wanted("biasHh") ? { dbiasHh: scope.keep(columnSums(gpu, { x: dm }).y) } : {}),
      dstate: scope.keep(changed.dstate),
      ...(changed.dcell ? { dcell: scope.keep(changed.dcell) } : {}),
    };
  };
}

/** What is computed again for all tokens at once, since every state is known. */
interface Again {
  /** What the kernels read as gates: their sums, or of a GRU the inputs' part. */
  readonly gates: Tensor;
  readonly own: Pick<Steps["read"], "m" | "previous" | "cells">;
  /** Of a reset before the product, the two parts of the weights, and r · state. */
  readonly split?: SplitWeights;
  readonly reset?: Tensor;
  /** Gradients of the products with the state, from those of the gates: both `[b, t, gates · h]`. */
  readonly ofProducts: (dgates: Tensor) => Tensor;
}

function computedAgain(
  gpu: Gpu,
  tensors: RecurrentTensors & { readonly previous: Tensor },
  options: RecurrentOptions,
  sizes: RecurrentSizes,
): Again {
  const { x, weightIh, weightHh, biasIh, biasHh, previous } = tensors;
  const same = (dgates: Tensor) => dgates;
  const a = matmul(gpu, { x, weight: weightIh, ...(biasIh ? { bias: biasIh } : {}) }).y;
  if (options.reset === "before") {
    const split = splitWeights(gpu, tensors);
    const { m, reset, product } = resetProductsOfAll(gpu, split, { a, previous });
    const joined = reshape(concat(gpu, [m, product], 1), a.shape);
    return { gates: add(gpu, { a, b: joined }).y, own: { previous }, split, reset, ofProducts: same };
  }
  const m = matmul(gpu, { x: previous, weight: weightHh, ...(biasHh ? { bias: biasHh } : {}) }).y;
  if (options.cell === "gru") {
    const { h } = sizes;
    return { gates: a, own: { m, previous }, ofProducts: (dgates) => ofProducts(gpu, { a, m, dgates, h }) };
  }
  const gates = add(gpu, { a, b: m }).y;
  if (options.cell === "rnn") return { gates, own: {}, ofProducts: same };
  const start = stateCopy(gpu, sizes, tensors.cell);
  const { cell, reverse } = options;
  const lengths = tensors.lengths ? { lengths: tensors.lengths } : {};
  const cells = cellStatesKernel(gpu, { gates, start, ...lengths }, { cell, reverse }).previous;
  return { gates, own: { cells }, ofProducts: same };
}

/** The gradient of weightHh, from those of the products `[b · t, gates · h]`, whose last third may be with `reset`. */
function ofStateWeight(gpu: Gpu, dm: Tensor, previous: Tensor, reset: Tensor | undefined): Tensor {
  const h = previous.shape[2] ?? 0;
  const states = reshape(previous, [dm.shape[0] ?? 0, h]);
  if (!reset) return gemm(gpu, { a: transpose(dm), b: states }).y;
  const both = gemm(gpu, { a: transpose(slice(dm, 1, 0, 2 * h)), b: states }).y;
  const next = gemm(gpu, { a: transpose(slice(dm, 1, 2 * h, 3 * h)), b: reset }).y;
  return concat(gpu, [both, next], 0);
}

/** Gradients of a GRU's products with the state: as of its gates, but of n times r. */
function ofProducts(
  gpu: Gpu,
  { a, m, dgates, h }: { readonly a: Tensor; readonly m: Tensor; readonly dgates: Tensor; readonly h: number },
): Tensor {
  const r = sigmoid(gpu, { x: add(gpu, { a: slice(a, 2, 0, h), b: slice(m, 2, 0, h) }).y }).y;
  const ofNew = mul(gpu, { a: slice(dgates, 2, 2 * h, 3 * h), b: r }).y;
  return concat(gpu, [slice(dgates, 2, 0, 2 * h), ofNew], 2);
}

/** A kernel and a product for each step; two of each for a reset before the product. */
const steps = {
  record: gradientsBy((gpu, { sizes, weight, split, read, changed }, options) => {
    const { h } = sizes;
    for (let step = sizes.t - 1; step >= 0; step--) {
      const found = stepKernel(gpu, { ...read, ...changed }, { ...options, step }).slopes;
      const sum = { into: { y: changed.dstate }, accumulate: true } as const;
      const { previous } = read;
      if (split && previous) {
        const s = gemm(gpu, { a: slice(found, 1, 2 * h, 3 * h), b: split.next.weight }).y;
        const { gates, lengths } = read;
        const given = { gates, previous, s, ...(lengths ? { lengths } : {}) };
        resetBackwardKernel(gpu, { ...given, ...changed, slopes: found }, { ...options, step });
        gemm(gpu, { a: slice(found, 1, 0, 2 * h), b: split.both.weight }, sum);
      } else {
        gemm(gpu, { a: found, b: weight }, sum);
      }
    }
  }),
};

/** All steps of a group of rows in one dispatch. */
const resident = {
  accepts: (tensors: RecurrentGradientTensors, options: RecurrentBackwardOptions, gpu: Gpu): string | undefined => {
    const sizes = recurrentSizes("recurrentBackward", tensors, options);
    return refuseWidth(gpu, options.reset === "before" ? beforeBackwardResidence(sizes.h) : residenceOf(sizes));
  },
  record: gradientsBy((gpu, { sizes, weight, read, changed }, options) => {
    if (sizes.t === 0) return;
    const { previous, ...rest } = read;
    if (options.reset === "before" && previous) {
      beforeBackwardKernel(gpu, { ...rest, previous, weight, ...changed }, options);
    } else {
      residentKernel(gpu, { ...read, weight, ...changed }, options);
    }
  }),
};

const variants = { steps, resident } as const;

/**
 * Gradients of `recurrent`: of x, of the weights and biases that are given, and of the first state and cell, from those
 * of its results. Nothing but `out` is kept of the forward pass: with all states known, the gates of all tokens are one
 * product, and only what goes from step to step is sequential (backpropagation through time, Werbos 1990). `steps` and
 * `resident` as there. A call gives the same bits every time.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const recurrentBackward = defineOp<
  RecurrentGradientTensors,
  RecurrentBackwardOptions,
  RecurrentGradients,
  typeof variants
>(
  { name: "recurrent/backward", variants, order: (_tensors, _options, gpu) => tuning(gpu).recurrent },
  {
    tensors: tensorFields(
      ...["x", "weightIh", "weightHh", "biasIh?", "biasHh?", "state?", "cell?", "lengths?"],
      ...["out", "dout?", "dstate?", "dcell?"],
    ),
    options: fieldsOf<RecurrentBackwardOptions>({
      ...recurrentChecks,
      needs: object<Needs>({ x: boolean, weightIh: boolean, weightHh: boolean, biasIh: boolean, biasHh: boolean }),
    }),
  },
);
