import source from "#shaders/moe/gather.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { isPlain } from "../../tensor/formats.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { swiglu } from "../elementwise/activation.ts";
import { defineKernel } from "../kernel.ts";
import { matmul } from "../matmul/matmul.ts";
import { align } from "./align.ts";
import { combine } from "./combine.ts";
import { type ExpertsTensors, type ExpertsVariant, expertsSizes } from "./experts-problem.ts";

const gather = defineKernel({
  name: "moe/gather",
  source,
  inputs: { x: "[t, c]", slots: "[all]" },
  outputs: { y: "[rows, c]" },
  accepts: { slots: ["u32"] },
  axes: (_axes, { rows }: { readonly rows: number; readonly first: number; readonly choices: number }) => ({ rows }),
  params: ({ c }, { rows, first, choices }) => ({ rows, vectors: c / 4, first, choices }),
  threads: ({ c }, { rows }) => rows * (c / 4),
  cost: ({ c }, { rows }) => ({ flops: 0, requestedBytes: rows * (8 * c + c) }),
});

/** Rows of a view must begin at a multiple of this many bytes. */
const alignment = 256;

function refusal(tensors: ExpertsTensors, counts: readonly number[] | undefined): string | undefined {
  const { c, f, e, t, k } = expertsSizes(tensors);
  const { gateUp, down, gateUpBias, downBias } = tensors;
  if (!isPlain(gateUp.dtype) || !isPlain(down.dtype)) return "it slices weights, which packed formats do not allow";
  if (gateUpBias || downBias) return "it has no biases";
  if (gateUp.segments.length + down.segments.length > 2) return "its weights must be in one segment";
  for (const [name, bytes] of Object.entries({ c: 4 * c, f: 2 * f })) {
    if (bytes % alignment !== 0) return `rows of ${name} are ${bytes} bytes, it needs a multiple of ${alignment}`;
  }
  if (!counts) return "it needs the number of slots of each expert, which must be read back";
  const sum = counts.reduce((total, count) => total + count, 0);
  if (counts.length !== e || sum !== t * k)
    return `counts of ${sum} slots for ${counts.length} experts, not ${t * k} for ${e}`;
  return undefined;
}

/** An expert's feed-forward layer, on the rows of its slots. */
function feedForward(gpu: Gpu, x: Tensor, { gateUp, down }: ExpertsTensors, expert: number, z: Tensor): void {
  const [rows = 0] = x.shape;
  const [c = 0, f = 0] = [z.shape[1], down.shape[1]];
  const both = matmul(gpu, { x, weight: slice(gateUp, 0, expert * 2 * f, (expert + 1) * 2 * f) }).y;
  const pairs = reshape(both, [rows, f, 2]);
  const { y } = swiglu(gpu, { gate: slice(pairs, 2, 0, 1), up: slice(pairs, 2, 1, 2) });
  const hidden = reshape(y, [rows, f]);
  matmul(gpu, { x: hidden, weight: slice(down, 0, expert * c, (expert + 1) * c) }, { into: { y: z } });
}

/**
 * One expert after the other, each with its rows gathered and the fastest products there are: what a program does that
 * reads the choices back. The baseline: it is given the counts, and so spared the reading.
 */
export const loop: ExpertsVariant = {
  accepts: (tensors, { activation = "swiglu", capacity, counts }) => {
    if (capacity !== undefined || activation !== "swiglu") return "it supports only swiglu, and no capacity";
    return refusal(tensors, counts);
  },
  record: (gpu, tensors, { counts = [] }) => {
    const { t, k, c, e } = expertsSizes(tensors);
    using scope = gpu.scope();
    const { slots, positions } = align(gpu, { experts: tensors.experts }, { count: e, block: 1 });
    const z = empty(gpu, [t * k, c], "f32", "moe/loop z");
    let first = 0;
    for (const [expert, rows] of counts.entries()) {
      if (rows === 0) continue;
      const x = gather(gpu, { x: tensors.x, slots }, { rows, first, choices: k }).y;
      feedForward(gpu, x, tensors, expert, slice(z, 0, first, first + rows));
      first += rows;
    }
    return { y: scope.keep(combine(gpu, { z, positions, weights: tensors.weights }, {}).y) };
  },
};
