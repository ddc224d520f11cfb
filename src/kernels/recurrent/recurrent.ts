import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import gru from "#shaders/recurrent/cells/gru.wgsl";
import gruBefore from "#shaders/recurrent/cells/gru-before.wgsl";
import lstm from "#shaders/recurrent/cells/lstm.wgsl";
import rnn from "#shaders/recurrent/cells/rnn.wgsl";
import residentSource from "#shaders/recurrent/resident.wgsl";
import stepSource from "#shaders/recurrent/step.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { contiguous } from "../layout/contiguous.ts";
import { matmul } from "../matmul/matmul.ts";
import { tuning } from "../tuning.ts";
import {
  gatesOf,
  lengthsPart,
  type RecurrentCell,
  type RecurrentOptions,
  type RecurrentSizes,
  type RecurrentTensors,
  recurrentFields,
  recurrentSizes,
  refuseWidth,
  residentConstants,
  reverseOf,
  type StepOptions,
  stateCopy,
  withLengths,
} from "./problem.ts";
import { resetProducts, splitWeights } from "./reset.ts";
import { beforeKernel, beforeResidence } from "./reset-resident.ts";

/** The results of a recurrent layer. */
export interface RecurrentResult {
  /** The state after each token, `[b, t, h]`; zeros past the end of a row. */
  readonly out: Tensor;
  /** The state after the last step, `[b, h]`. */
  readonly state: Tensor;
  /** The cell of an LSTM after the last step, `[b, h]`. */
  readonly cell?: Tensor;
}

const cells = { lstm, gru, rnn } as const;

/** The part for a cell. */
const cellPart = ({ cell, reset }: RecurrentOptions) => (reset === "before" ? gruBefore : cells[cell]);

/** Numbers read and written for an element of the state in a step: its cell, and its row's length. */
const alsoRead = (cell: RecurrentCell, dtypes: object): number => (cell === "lstm" ? 2 : 0) + withLengths(dtypes);

/** Operations for an element of the state in a step, other than products: each function of a gate counts as one. */
const flopsOf: Readonly<Record<RecurrentCell, number>> = { lstm: 12, gru: 10, rnn: 2 };

const stepKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/step",
  source: stepSource,
  inputs: { a: "[b, t, columns]", m: "[b, products]", "product?": "[b, h]", "lengths?": "[b]" },
  inout: { state: "[b, h]", "cell?": "[b, h]", out: "[b, t, h]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t, h }, options: StepOptions) => ({ b, t, h, step: options.step, reverse: reverseOf(options) }),
  specialise: (_axes, options, context) => ({ parts: [cellPart(options), lengthsPart(context)] }),
  threads: ({ b, h }) => b * h,
  cost: ({ b, h }, { cell }, { dtypes }) => ({
    flops: b * h * flopsOf[cell],
    requestedBytes: 4 * b * h * (2 * gatesOf[cell] + 3 + alsoRead(cell, dtypes)),
  }),
});

const residentKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/resident",
  source: residentSource,
  inputs: { a: "[b, t, columns]", weight: "[h, columns]", "bias?": "[columns]", "lengths?": "[b]" },
  inout: { state: "[b, h]", "cell?": "[b, h]", out: "[b, t, h]" },
  accepts: { lengths: ["u32"] },
  params: ({ b, t }, options: RecurrentOptions) => ({ b, t, reverse: reverseOf(options) }),
  specialise: ({ h }, { cell }, context) => ({
    parts: [cells[cell], lengthsPart(context), "bias" in context.dtypes ? biasVector : biasNone],
    constants: residentConstants(context.gpu, residenceOf({ h, gates: gatesOf[cell] })),
  }),
  workgroups: ({ b }) => [Math.ceil(b / usual.ROWS)],
  cost: ({ b, t, h }, { cell }, { dtypes, gpu }) => {
    const gates = gatesOf[cell];
    const { HELD } = residentConstants(gpu, residenceOf({ h, gates }));
    const workgroups = Math.ceil(b / usual.ROWS);
    const weights = workgroups * gates * h * (HELD + t * (h - HELD));
    const each = gates + 1 + ("bias" in dtypes ? gates : 0) + alsoRead(cell, dtypes);
    return {
      flops: b * t * h * (2 * gates * h + flopsOf[cell]),
      requestedBytes: 4 * (weights + 2 * b * h + b * t * h * each),
    };
  },
});

/** The shader's own sizes. */
const usual = /* @__PURE__ */ constantsOf(residentSource, "WORKGROUP", "ROWS");

/** Rows of the transposed weight are held, one for each unit of the state before. */
const residenceOf = ({ h, gates }: Pick<RecurrentSizes, "h" | "gates">) => ({
  h,
  lines: h,
  columns: gates * h,
  usual,
  perRow: 2 * h,
});

/** The same of any cell. */
const residence = (sizes: RecurrentSizes, { reset }: RecurrentOptions) =>
  reset === "before" ? beforeResidence(sizes.h) : residenceOf(sizes);

/** The inputs' part of all gates in one product, and copies of the states, which the steps change. */
function begin(gpu: Gpu, tensors: RecurrentTensors, options: RecurrentOptions) {
  const { x, weightIh: weight, biasIh: bias } = tensors;
  const sizes = recurrentSizes("recurrent", tensors, options);
  const { b, t, h } = sizes;
  return {
    sizes,
    a: matmul(gpu, { x, weight, ...(bias ? { bias } : {}) }).y,
    memory: {
      state: stateCopy(gpu, sizes, tensors.state),
      out: empty(gpu, [b, t, h], "f32", "recurrent out"),
      ...(options.cell === "lstm" ? { cell: stateCopy(gpu, sizes, tensors.cell) } : {}),
      ...(tensors.lengths ? { lengths: tensors.lengths } : {}),
    },
  };
}

const resultOf = ({ out, state, cell }: RecurrentResult): RecurrentResult => ({
  out,
  state,
  ...(cell ? { cell } : {}),
});

/** A product and a kernel for each step; two of each for a reset before the product. */
const steps = {
  record: (gpu: Gpu, tensors: RecurrentTensors, options: RecurrentOptions): RecurrentResult => {
    using scope = gpu.scope();
    const { weightHh: weight, biasHh: bias } = tensors;
    const { sizes, a, memory } = begin(gpu, tensors, options);
    const split = options.reset === "before" ? splitWeights(gpu, tensors) : undefined;
    for (let step = 0; step < sizes.t; step++) {
      if (split) {
        const { m, product } = resetProducts(gpu, split, { a, ...memory }, { ...options, step });
        stepKernel(gpu, { a, m, product, ...memory }, { ...options, step });
        continue;
      }
      const m = matmul(gpu, { x: memory.state, weight, ...(bias ? { bias } : {}) }).y;
      stepKernel(gpu, { a, m, ...memory }, { ...options, step });
    }
    return kept(scope, resultOf(memory));
  },
};

/** All steps of a group of rows in one dispatch. */
const resident = {
  accepts: (tensors: RecurrentTensors, options: RecurrentOptions, gpu: Gpu): string | undefined =>
    refuseWidth(gpu, residence(recurrentSizes("recurrent", tensors, options), options)),
  record: (gpu: Gpu, tensors: RecurrentTensors, options: RecurrentOptions): RecurrentResult => {
    using scope = gpu.scope();
    const { biasHh: bias } = tensors;
    const { sizes, a, memory } = begin(gpu, tensors, options);
    if (sizes.t > 0) {
      const weight = contiguous(gpu, { x: transpose(tensors.weightHh) }).y;
      const kernel = options.reset === "before" ? beforeKernel : residentKernel;
      kernel(gpu, { a, weight, ...(bias ? { bias } : {}), ...memory }, options);
    }
    return kept(scope, resultOf(memory));
  },
};

/** Results that outlive a scope. */
function kept(scope: { keep(x: Tensor): Tensor }, { out, state, cell }: RecurrentResult): RecurrentResult {
  return { out: scope.keep(out), state: scope.keep(state), ...(cell ? { cell: scope.keep(cell) } : {}) };
}

const variants = { steps, resident } as const;

/**
 * A recurrent layer in one direction: `state = cell(x[position], state)` for each token of a row, as PyTorch's `nn.RNN`
 * (tanh), `nn.GRU` and `nn.LSTM` compute it, with their tensors. x `[b, t, i]` → out `[b, t, h]`, state `[b, h]`, and of
 * an LSTM cell `[b, h]`. With `lengths`, a row ends there as in a packed sequence: its state stays, its out is zeros,
 * and in `reverse` it is read from its own last token. With `reset: "before"` a GRU is that of Cho et al. (2014). `steps`
 * has a product and a kernel a step; `resident` has all steps of some rows in one dispatch, with as much of weightHh in
 * workgroup memory as fits.
 *
 * @throws ShapeError for shapes that do not fit; OptionError for other options.
 */
export const recurrent = defineOp<RecurrentTensors, RecurrentOptions, RecurrentResult, typeof variants>(
  { name: "recurrent", variants, order: (_tensors, _options, gpu) => tuning(gpu).recurrent },
  {
    tensors: tensorFields("x", "weightIh", "weightHh", "biasIh?", "biasHh?", "state?", "cell?", "lengths?"),
    options: recurrentFields,
  },
);
