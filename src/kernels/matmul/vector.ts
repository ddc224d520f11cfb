import activationGeluTanh from "#shaders/lib/activation/gelu-tanh.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import resultAdded from "#shaders/matmul/result/added.wgsl";
import resultGated from "#shaders/matmul/result/gated.wgsl";
import rowsRmsNorm from "#shaders/matmul/rows/rms-norm.wgsl";
import vectorSource from "#shaders/matmul/vector.wgsl";
import subgroupsSource from "#shaders/matmul/vector-subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf, type Shader } from "../../gpu/shader/specialise.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { WideReading } from "../../tensor/formats/format.ts";
import { planeRowBytes } from "../../tensor/formats/formats.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../define/kernel.ts";
import { weightTypes, widePart } from "../formats/formats.ts";
import { tuning } from "../tuning.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

/** Columns of a workgroup, of which a team of lanes has four. */
const columnsOf = (shader: Shader) => 4 * constantsOf(shader, "TEAMS").TEAMS;

/**
 * The decode shape, 1 to 8 rows: every value of the weight is loaded once. A row's result is bitwise independent of the
 * other rows. Requires k to be a multiple of 4.
 */
export const vector = {
  accepts: (tensors: MatmulTensors): string | undefined => fewRows(tensors.x) ?? wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/vector",
    source: vectorSource,
    ...linear,
    specialise: ({ rows }, _options: object, context) => ({
      parts: linearParts(context),
      constants: { ROWS: rowsConstant(rows), LANES: tuning(context.gpu).vectorLanes },
    }),
    workgroups: ({ n }, _options, _context, shader) => [Math.ceil(n / columnsOf(shader))],
    cost: (axes, _options, context, shader) => {
      const { k, n } = axes;
      const columns = columnsOf(shader);
      const padded = Math.ceil(n / columns) * columns;
      const { ROWS } = constantsOf(shader, "ROWS");
      return linearCost(axes, context, {
        products: ROWS * padded * k,
        xBytes: ROWS * padded * k,
        weightVectors: (padded * k) / 4,
      });
    },
  }),
};

// The common part of the kernels for the rows of a decode step.

/** Maximum number of rows. */
const maxRows = 8;

/** 1, 2, 4 or 8: a constant of the shader; only four values, so that there are four pipelines and not eight. */
const rowsConstant = (rows: number) => 2 ** Math.ceil(Math.log2(Math.max(1, rows)));

/** Why a kernel for few rows cannot take x. */
function fewRows(x: Tensor): string | undefined {
  const rows = x.shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
  return rows > maxRows ? `x has ${rows} rows, expected 1 to ${maxRows}` : undefined;
}

/** The steps before and after the product. */
interface Around {
  readonly eps?: number;
  readonly gate?: GateName | undefined;
}

const activations = { silu: activationSilu, "gelu-tanh": activationGeluTanh } as const;

/** Activations of gates. */
export type GateName = keyof typeof activations;
export const gateNames = Object.keys(activations) as GateName[];

/** Sizes that decide on the grid: a workgroup is a subgroup, of which each thread has OUTPUTS results. */
function tileOf(shader: Shader, gate: unknown) {
  const sizes = constantsOf(shader, "SUBGROUP", "COLUMNS", "ROWS", "LINE", "TOUCHED");
  return { ...sizes, outputs: sizes.SUBGROUP * (gate ? sizes.COLUMNS / 2 : sizes.COLUMNS) };
}

/** Columns of a thread. Each subgroup loads and norms x by itself, so that more columns share the work of a norm. */
const columnsWith = (wide: WideReading | undefined, rows: number, norm: unknown) =>
  norm && rows === 1 ? (wide?.columns ?? 4) : 4;

/** Words of a row of the weight, without its scales. */
const rowWords = (dtype: DType | undefined, k: number) => (planeRowBytes(dtype ?? "f32", k)["data"] ?? 0) / 4;

/** `residual + gate(norm(x) · weightᵀ + bias)`, where each but the product may be left out. */
export const vectorSubgroupsKernel = /* @__PURE__ */ defineKernel({
  name: "matmul/vector-subgroups",
  source: subgroupsSource,
  inputs: { x: "[...rows, k]", weight: "[m, k]", "bias?": "[m]", "norm?": "[k]", "residual?": "[...rows, n]" },
  outputs: { y: "[...rows, n]" },
  accepts: { weight: weightTypes },
  segmented: { input: "weight", axis: "m" },
  axes: ({ m }, { gate }: Around) => ({ n: gate ? m / 2 : m }), // `projection` checks that m is even
  check: linear.check,
  params: ({ rows, k, m }, { gate, eps = 0 }, { segment: { begin, total }, dtypes }) => ({
    ...(gate ? { rows, k, n: m / 2, begin: 0, total: m / 2 } : { rows, k, n: m, begin, total }),
    eps,
    row_words: rowWords(dtypes["weight"], k),
    none: 0,
  }),
  specialise: ({ rows }, { gate }, { dtypes, gpu }) => {
    const wide = widePart(dtypes["weight"], rows);
    return {
      parts: [
        ...(wide ? [wide.part] : []),
        dtypes["bias"] ? biasVector : biasNone,
        ...(dtypes["norm"] ? [rowsRmsNorm] : []),
        ...(dtypes["residual"] ? [resultAdded] : []),
        ...(gate ? [resultGated, activations[gate]] : []),
      ],
      constants: {
        ROWS: rowsConstant(rows),
        COLUMNS: columnsWith(wide, rows, dtypes["norm"]),
        SUBGROUP: gpu.adapter.subgroupSize ?? 0,
      },
    };
  },
  workgroups: ({ m }, { gate }, _context, shader) => [Math.ceil((gate ? m / 2 : m) / tileOf(shader, gate).outputs)],
  cost: ({ rows, k, m }, { gate }, { dtypes }, shader) => {
    const { ROWS, COLUMNS, SUBGROUP, LINE, TOUCHED, outputs } = tileOf(shader, gate);
    const workgroups = Math.ceil((gate ? m / 2 : m) / outputs);
    const columns = workgroups * SUBGROUP * COLUMNS; // padding included
    const { elements = 1, bytes = 4, scaling: { load = 0, row = 0 } = {} } = widePart(dtypes["weight"], rows) ?? {};
    // Cache lines of a subgroup's rows, which are in two places where half of them are gates.
    const words = rowWords(dtypes["weight"], k);
    const few = SUBGROUP * COLUMNS * words <= TOUCHED;
    const lines = (outputs: number) => (few ? (gate ? 2 : 1) * Math.ceil((outputs * words) / LINE) : 0);
    const touches = (workgroups - 1) * lines(outputs) + lines((gate ? m / 2 : m) - (workgroups - 1) * outputs);
    const loads = (columns * k) / elements;
    const products = ROWS * columns * k + loads * (load + ROWS * row);
    const results = rows * (gate ? m / 2 : m);
    const others = (dtypes["bias"] ? rows * m : 0) + (gate ? 5 * results : 0) + (dtypes["residual"] ? results : 0);
    // Each subgroup norms x by itself: it reads x twice, and the weights of the norm once.
    const xReads = ROWS * k * (dtypes["norm"] ? 3 : 1);
    return {
      flops: 2 * rows * k * m + others + (dtypes["norm"] ? 4 * rows * k : 0),
      executedFlops: 2 * products + others + (dtypes["norm"] ? 4 * workgroups * ROWS * k : 0),
      requestedBytes:
        loads * bytes +
        4 * touches +
        4 * workgroups * xReads +
        4 * (results + (dtypes["bias"] ? rows * m : 0) + (dtypes["residual"] ? results : 0)),
    };
  },
});

/** Why the kernel cannot take these tensors; undefined where it can. */
export function wantsWide({ x, weight }: Pick<MatmulTensors, "x" | "weight">, { adapter }: Gpu): string | undefined {
  if (adapter.subgroupSize === undefined) return "this device's subgroups have no fixed size";
  const wide = widePart(weight.dtype as DType, sizeOf(x.shape.slice(0, -1)));
  if (!wide) return `its weights are ${weight.dtype}, which it does not read`;
  const k = x.shape.at(-1) ?? 0;
  if (k % wide.elements !== 0)
    return `k is ${k}, expected a multiple of ${wide.elements} (it loads as many ${weight.dtype})`;
  return fewRows(x);
}

/**
 * The decode shape, 1 to 8 rows, in subgroups: weights are loaded 16 bytes at a time, x goes round by shuffles. A row's
 * result is bitwise independent of the other rows. Requires k to be a multiple of the elements of a load.
 */
export const vectorSubgroups = {
  requires: ["subgroups"],
  accepts: (tensors: MatmulTensors, _options: object, gpu: Gpu): string | undefined => wantsWide(tensors, gpu),
  record: (gpu: Gpu, tensors: MatmulTensors, options: object) => vectorSubgroupsKernel(gpu, tensors, options),
};
