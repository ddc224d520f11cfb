import source from "#shaders/kv-cache/append-quantised.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { defineKernel } from "../kernel.ts";
import { type AppendProblem, appendBindings, appendParts, appendUniforms, viewParams } from "./appending.ts";
import { blockWidth, formatOf, type QuantisedFormat } from "./quantised.ts";

interface QuantisedProblem extends AppendProblem {
  readonly format: QuantisedFormat;
}

const kernel = defineKernel({
  name: "kv-cache/append-quantised",
  source,
  inputs: { k: "[b, t, g, d]", v: "[b, t, g, dv]", "step?": "[64, 4]" },
  inout: {
    keys: "[rows, g, s, kWords]",
    values: "[rows, g, s, vWords]",
    kScale: "[rows, g, s, kBlocks]",
    vScale: "[rows, g, s, vBlocks]",
  },
  accepts: { step: ["u32"], keys: ["u32"], values: ["u32"] },
  binds: appendBindings,
  strided: ["k", "v"],
  params: ({ b, t, g, s, d, dv, kBlocks, vBlocks }, { start, format }: QuantisedProblem, context) => ({
    size: b * t * g * (kBlocks + vBlocks),
    t,
    g,
    s,
    d,
    width: dv,
    k_block: blockWidth(format, d),
    v_block: blockWidth(format, dv),
    start,
    ...viewParams(context),
  }),
  uniforms: ({ rows }, problem) => appendUniforms(problem, rows),
  specialise: (_axes, problem, { dtypes }) => ({
    parts: appendParts(problem, dtypes),
    constants: { BITS: problem.format.bits },
  }),
  threads: ({ b, t, g, kBlocks, vBlocks }) => b * t * g * (kBlocks + vBlocks),
  cost: ({ b, t, g, d, dv, kBlocks, vBlocks }, { format }) => {
    const heads = b * t * g;
    const written = (4 / format.packed) * heads * (d + dv) + 4 * heads * (kBlocks + vBlocks);
    return {
      flops: 2 * heads * (d + dv),
      compulsoryBytes: 4 * heads * (d + dv) + written,
      requestedBytes: 8 * heads * (d + dv) + written,
    };
  },
});

/** Quantises new keys and values into a cache of integers; {@link appendKv} calls it where there are scales. */
export function appendQuantised(
  gpu: Gpu,
  tensors: Readonly<Record<"k" | "v" | "keys" | "values" | "kScale" | "vScale", Tensor>> & {
    readonly step?: Tensor | undefined;
  },
  problem: AppendProblem,
): { readonly keys: Tensor; readonly values: Tensor } {
  const { k, v, keys, values, kScale, vScale, step } = tensors;
  const what = "kv-cache/append";
  const format = formatOf(what, "k", keys, kScale, k.shape[3] ?? 0);
  const other = formatOf(what, "v", values, vScale, v.shape[3] ?? 0);
  if (format.name !== other.name) {
    throw new ShapeError(`${what}: keys are ${format.name}, values ${other.name}, expected the same of both`);
  }
  const blocks = (scale: Tensor) => reshape(scale, [...scale.shape.slice(0, 3), -1]); // int8: one a row
  kernel(gpu, { k, v, keys, values, kScale: blocks(kScale), vScale: blocks(vScale), step }, { ...problem, format });
  return { keys, values };
}
