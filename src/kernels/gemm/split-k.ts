import joinSource from "#shaders/gemm/split-k/join.wgsl";
import partsSource from "#shaders/gemm/split-k/parts.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { defineKernel } from "../define/kernel.ts";
import { elementParts, operandsOf } from "./operands.ts";
import { epilogue, type GemmOptions, type GemmTensors, gemmCost, gemmParams, gemmProblem } from "./problem.ts";
import { tileWork, variantOf } from "./variant.ts";

const { TILE } = constantsOf(partsSource, "TILE");

/** Workgroups that are enough for any GPU, and the minimum k of a workgroup, so that its sum is worth a store. */
const [wanted, least] = [256, 128];

interface Split {
  readonly splits: number;
  /** A multiple of TILE. */
  readonly run: number;
}

/** How k is cut, for operands with four axes. */
function splitOf({ a, b }: GemmTensors): Split {
  const [batch = 1, h = 1, m = 1, k = 1] = a.shape;
  const tiles = batch * h * Math.ceil(m / TILE) * Math.ceil((b.shape[3] ?? 1) / TILE);
  const splits = Math.max(1, Math.min(Math.ceil(wanted / tiles), Math.floor(k / least)));
  const run = Math.ceil(k / splits / TILE) * TILE;
  return { splits: Math.ceil(k / run), run };
}

const parts = defineKernel({
  name: "gemm/split-k/parts",
  source: partsSource,
  ...gemmProblem,
  outputs: { partial: "[splits, b, h, m, n]" },
  axes: (_axes, { splits }: Split) => ({ splits }),
  params: gemmParams,
  uniforms: (_axes, { splits, run }) => ({ split: { splits, run } }),
  specialise: (_axes, _split, context) => ({ parts: elementParts(context) }),
  workgroups: ({ b, h, m, n }, { splits }) => [Math.ceil(n / TILE), Math.ceil(m / TILE), b * h * splits],
  cost: (axes, { splits }, context) => {
    const { b, h, m, n } = axes;
    const { compulsoryBytes: _, ...cost } = gemmCost(axes, {}, context, tileWork(axes, TILE, TILE, TILE));
    // Partial sums are stored as they are, without the epilogue.
    return {
      ...cost,
      executedFlops: cost.executedFlops - b * h * m * n,
      requestedBytes: cost.requestedBytes + 4 * (splits - 1) * b * h * m * n,
    };
  },
});

const join = defineKernel({
  name: "gemm/split-k/join",
  source: joinSource,
  inputs: { partial: "[splits, b, h, m, n]", "bias?": "[n]" },
  outputs: { y: "[b, h, m, n]" },
  params: ({ splits, b, h, m, n }) => ({ size: b * h * m * n, n, splits }),
  specialise: (_axes, options: GemmOptions, context) => epilogue(options, context),
  threads: ({ b, h, m, n }) => b * h * m * n,
  cost: ({ splits, b, h, m, n }, { accumulate }, { dtypes }) => {
    const results = b * h * m * n;
    const added = results * ((dtypes["bias"] ? 1 : 0) + (accumulate ? 1 : 0));
    const flops = splits * results + added;
    return {
      flops,
      executedFlops: flops + (dtypes["bias"] ? 0 : results), // the epilogue adds 0
      requestedBytes: 4 * (splits * results + results + added),
    };
  },
});

/** k cut into runs, each added up by separate workgroups, for results too small to keep a GPU busy. */
export const splitK = {
  workspace: (tensors: GemmTensors): number => {
    const { a, b, shape } = operandsOf(tensors);
    return 4 * splitOf({ a, b }).splits * sizeOf(shape);
  },
  ...variantOf((gpu, { a, b, bias }, options) => {
    const { partial } = parts(gpu, { a, b }, splitOf({ a, b }));
    return join(gpu, { partial, bias }, options);
  }),
};
