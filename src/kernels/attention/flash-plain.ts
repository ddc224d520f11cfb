import source from "#shaders/attention/flash-plain.wgsl";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { formatShape } from "../../tensor/shape.ts";
import { defineKernel } from "../define/kernel.ts";
import { viewsOf, visibleKeys, visiblePairs } from "./definition.ts";
import { maskMod } from "./masks/mask.ts";
import {
  type AttentionOptions,
  type AttentionProblem,
  type AttentionTensors,
  type AttentionVariant,
  attentionProblem,
  attentionResult,
  layoutRefusal,
  partsRefusal,
  writing,
} from "./options.ts";
import { scoreMod } from "./scores/score.ts";

const kernel = defineKernel({
  name: "attention/flash-plain",
  source,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, d]" },
  outputs: { out: "[b, t, h, d]", lse: "[b, h, t]" },
  strided: ["q", "k", "v"],
  params: ({ h, g, t }, { start, length, scale }: AttentionProblem, views) => {
    const inVectors = Object.entries(viewsOf(views)).map(([name, elements]) => [name, elements / 4]);
    return { h, g, t, start, length, scale, ...Object.fromEntries(inVectors) };
  },
  specialise: ({ d }) => ({ constants: { HEAD_WIDTH: d } }),
  workgroups: ({ b, h, t }, _problem, _context, shader) => [Math.ceil(t / constantsOf(shader, "ROWS").ROWS), h, b],
  cost: ({ b, h, t, s, d }, problem, _context, shader) => {
    const { ROWS } = constantsOf(shader, "ROWS");
    const flops = 4 * d * visiblePairs({ b, h, t, s }, problem);
    let keys = 0; // that the blocks of a head copy
    for (let row = 0; row < t; row += ROWS) keys += visibleKeys({ t, s }, problem, row, Math.min(row + ROWS, t) - 1)[1];
    return { flops, executedFlops: flops, requestedBytes: 4 * b * h * (t * (2 * d + 1) + 2 * d * keys) };
  },
});

/** Why it cannot take these tensors and options; undefined when it can. */
function refusal(tensors: AttentionTensors, options: AttentionOptions): string | undefined {
  const problem = attentionProblem(tensors, options);
  const d = tensors.q.shape[3] ?? 0;
  // A tile of keys and one of values fit into the 16 KiB of workgroup memory that every device has.
  const widest = 16384 / (2 * 4 * constantsOf(source, "KEYS").KEYS);
  const refused = partsRefusal(tensors, problem, widest) ?? layoutRefusal(problem);
  if (refused !== undefined) return refused;
  if (problem.place.dv !== d) return `v is ${formatShape(tensors.v.shape)}, it needs d = ${d} (from q)`;
  if (maskMod(problem.mask).part !== maskMod("causal").part) return "it takes no mask other than causal";
  if (scoreMod(problem.score).part !== scoreMod("none").part) return "it takes no score";
  if (problem.hasSink) return "it takes no sink";
  return problem.stepped ? "it takes no step: start and length are numbers" : undefined;
}

/**
 * Flash attention as the paper has it (Dao 2023, algorithm 1), to be read before `flash`: causal, contiguous f32.
 * Choose it to learn; the op itself never does.
 */
export const flashPlain: AttentionVariant = {
  accepts: refusal,
  record: (gpu, { q, k, v }, options) => {
    const problem = attentionProblem({ q, k, v }, options);
    using scope = gpu.scope();
    const { out, lse } = kernel(gpu, { q, k, v }, writing(problem, "out", ...(problem.lse ? (["lse"] as const) : [])));
    return attentionResult(scope, problem.lse ? { out, lse } : { out });
  },
};
