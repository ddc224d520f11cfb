import gatherSource from "#shaders/moe/gather.wgsl";
import spreadSource from "#shaders/moe/spread.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { isPlain } from "../../tensor/formats/formats.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { defineKernel } from "../define/kernel.ts";
import { swiglu } from "../elementwise/activation.ts";
import { matmul } from "../matmul/matmul.ts";
import { tuning } from "../tuning.ts";
import { align } from "./align.ts";
import { combine } from "./combine.ts";
import { type ExpertsTensors, type ExpertsVariant, expertsSizes, vectorsRefusal } from "./experts-problem.ts";
import { groupedLayer } from "./grouped-layer.ts";
import { boundedProduct, indirectProduct, subgroupProduct } from "./grouped-product.ts";
import { vectorProduct } from "./vector-product.ts";

const gather = /* @__PURE__ */ defineKernel({
  name: "moe/gather",
  source: gatherSource,
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
 * One expert after the other, each with its rows gathered and the fastest products: what a program does that
 * reads the choices back. The baseline: it is called with the counts, and so does not read them back.
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

const layers = { registers: groupedLayer(boundedProduct), subgroups: groupedLayer(subgroupProduct) };

/** The faster of the two products on this device, of those that it supports. */
const layerFor = (gpu: Gpu) => {
  const hasSubgroups = gpu.adapter.subgroupSize !== undefined && gpu.features.has("subgroups");
  const wanted = tuning(gpu).denseProduct.find((name) => name === "registers" || hasSubgroups);
  return layers[wanted ?? "registers"];
};

const spread = /* @__PURE__ */ defineKernel({
  name: "moe/spread",
  source: spreadSource,
  inputs: { experts: "[t, k]", weights: "[t, k]" },
  outputs: { all_weights: "[t, e]", all_experts: "[t, e]" },
  accepts: { experts: ["u32"] },
  dtypes: () => ({ all_experts: "u32" }),
  axes: (_axes, { count }: { readonly count: number }) => ({ e: count }),
  params: ({ t }) => ({ tokens: t }),
  specialise: ({ k }, { count }) => ({ constants: { EXPERTS: count, CHOICES: k } }),
  threads: ({ t }, { count }) => t * count,
  cost: ({ t, k }, { count }) => ({ flops: t * k * count, requestedBytes: 8 * t * count * (k + 1) }),
});

/**
 * Every expert for every token, with weight 0 where it was not chosen: e / k times the work, without sorting. The
 * baseline that shows what routing saves; it uses the fastest products.
 */
export const dense: ExpertsVariant = {
  accepts: (tensors, options, gpu) =>
    options.capacity === undefined
      ? layers.registers.accepts?.(tensors, options, gpu)
      : "it has no capacity: every expert takes every token",
  record: (gpu, tensors, options) => {
    using scope = gpu.scope();
    const { experts, weights } = tensors;
    const chosen = spread(gpu, { experts, weights }, { count: expertsSizes(tensors).e });
    const all = { ...tensors, experts: chosen.all_experts, weights: chosen.all_weights };
    return { y: scope.keep(layerFor(gpu).record(gpu, all, options).y) };
  },
};

/**
 * Choices sorted by expert, then two products over all of them at once, with grids sized by the GPU: nothing is read
 * back. For many tokens.
 */
export const grouped = /* @__PURE__ */ groupedLayer(indirectProduct);

/** As grouped, over a grid for the maximum number of blocks, of which those past the last return at once. */
export const bounded = /* @__PURE__ */ groupedLayer(boundedProduct);

const layer = /* @__PURE__ */ groupedLayer(subgroupProduct);

/** As grouped, in the registers of subgroups, whose short blocks need little padding. Bitwise equal to grouped. */
export const subgroups: ExpertsVariant = {
  ...layer,
  requires: ["subgroups"],
  accepts: (tensors, options, gpu) =>
    gpu.adapter.subgroupSize === undefined
      ? "this device's subgroups have no fixed size"
      : layer.accepts?.(tensors, options, gpu),
};

/** Maximum number of slots: each reads its expert's weights separately. */
const maxSlots = 512;

/** Every choice of every token separately, without sorting: two dispatches for all. For a few tokens. */
export const vector: ExpertsVariant = {
  accepts: (tensors, { capacity }) => {
    if (capacity !== undefined) return "it does not count slots, which a capacity requires";
    const slots = tensors.experts.size;
    return slots > maxSlots ? `${slots} choices, it takes ${maxSlots}` : vectorsRefusal(tensors);
  },
  record: (gpu, tensors, { activation = "swiglu" }) => {
    const { x, experts, weights, gateUp, gateUpBias, down, downBias } = tensors;
    const { e } = expertsSizes(tensors);
    using scope = gpu.scope();
    const given = { x, weight: gateUp, bias: gateUpBias, experts };
    const hidden = vectorProduct(gpu, given, { count: e, gated: activation, slots: "gathered" }).z;
    const second = { x: hidden, weight: down, bias: downBias, experts };
    if (down.segments.length === 1) {
      return { y: scope.keep(vectorProduct(gpu, { ...second, weights }, { count: e, slots: "weighted" }).z) };
    }
    const { z } = vectorProduct(gpu, second, { count: e, slots: "apart" });
    return { y: scope.keep(combine(gpu, { z, experts, weights }, { count: e }).y) };
  },
};
