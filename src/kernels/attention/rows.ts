import source from "#shaders/attention/rows.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import {
  attentionShader,
  bufferRefusal,
  bySequence,
  everyPart,
  placedRecord,
  placedTensors,
  type Sizes,
  visiblePairs,
} from "./definition.ts";
import { rowBytes } from "./layouts.ts";
import {
  type AttentionProblem,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  partsRefusal,
} from "./options.ts";

/** Threads of a workgroup: each owns four columns of the values. */
const threads = (dv: number) => Math.max(constantsOf(source, "WORKGROUP").WORKGROUP, 2 ** Math.ceil(Math.log2(dv / 4)));

const kernel = defineKernel({
  ...placedRecord,
  name: "attention/rows",
  source,
  params: ({ h, g, t, d }, { start, length, scale }) => ({ h, g, t, d, start, length, scale }),
  specialise: ({ d, dv }, problem, context) => {
    const constants = { HEAD_WIDTH: d, VALUE_WIDTH: dv, WORKGROUP: threads(dv) };
    return attentionShader(problem, constants, everyPart, context);
  },
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: bySequence(({ b, h, t, d, dv }: Sizes<"b" | "h" | "t" | "d" | "dv">, problem: AttentionProblem) => {
    const pairs = visiblePairs({ b, h, t, s: problem.place.capacity }, problem);
    const { k, v } = rowBytes(problem.place, d);
    const flops = 2 * (d + dv) * pairs;
    return {
      flops,
      executedFlops: flops,
      requestedBytes: pairs * (4 * d + k + v) + 4 * b * h * t * (dv + Number(problem.lse)),
    };
  }),
});

/**
 * One workgroup per query row, piecewise over the keys with an online softmax: no scores in memory, no reuse of k and
 * v.
 */
export const rows: AttentionVariant = {
  accepts: (tensors, options) =>
    partsRefusal(tensors, attentionProblem(tensors, options), 1024) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => {
    const problem = attentionProblem(tensors, options);
    using scope = gpu.scope();
    const given = { ...placedTensors(tensors), sink: tensors.sink };
    return attentionResult(scope, kernel(gpu, given, problem));
  },
};
