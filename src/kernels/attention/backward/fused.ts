// What the variants without weights in memory have in common: two kernels, one for queries and one for keys and values.
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf, type Shader } from "../../../gpu/specialise.ts";
import { bytesPerElement } from "../../../tensor/dtype.ts";
import type { Shape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape, slice } from "../../../tensor/views.ts";
import { fill } from "../../elementwise/fill.ts";
import { attentionBindings, attentionParts, type Sizes } from "../definition.ts";
import { isRagged } from "../layouts.ts";
import { partsRefusal } from "../options.ts";
import { KEYS, ROWS } from "./flash-tiles.ts";
import {
  type AttentionBackwardOptions,
  type AttentionBackwardTensors,
  type AttentionGradients,
  type BackwardProblem,
  backwardProblem,
} from "./options.ts";
import { kept, sinkGradient, statsOf } from "./stats.ts";

/** Heads up to this wide. */
const widest = 256;

/** What pairs of a query and a key go through, and where they are. */
export const pairParts = { mask: true, score: true, dropout: true, place: true } as const;

/** The common part of both kernels' records. */
export const both = {
  inputs: {
    q: "[b, h, t, d]",
    k: "[b, g, s, d]",
    v: "[b, g, s, dv]",
    dout: "[b, h, t, dv]",
    stats: "[b, h, t, 2]",
  },
  strided: ["q", "k", "v", "dout"],
  binds: (problem: BackwardProblem) => attentionBindings(problem, pairParts),
} as const;

/** Sizes of the axes of both. */
export type Axes = Sizes<"b" | "h" | "g" | "t" | "s" | "d" | "dv">;

/** The parts of their masks, scores and dropout. */
export const partsOf = (problem: BackwardProblem) => [
  ...(attentionParts(problem, { mask: true, dropout: true }).parts ?? []),
  ...problem.scoreParts,
];

/** What the dot products of a block and a tile cost, of q and k and of dout and v: as wide as the wider of them, padded. */
export function ofProducts({ d, dv }: Axes, shader: Shader) {
  const { DEPTH } = constantsOf(shader, "DEPTH");
  const steps = Math.ceil(Math.max(d, dv) / DEPTH);
  return { executed: 2 * (d + dv) * ROWS * KEYS, requested: 4 * 2 * steps * DEPTH * (ROWS + KEYS) };
}

/** Slots of keys that are computed for: those in use and those after them, or the keys of a sequence that shares a row. */
export const slotsOf = ({ s }: Sizes<"s">, { place, length }: BackwardProblem): number =>
  isRagged(place) ? length : s;

/** Where dv begins in the memory that it shares with dk: at the next multiple of 256 bytes, as bindings need. */
export const valuesFrom = ({ b, g, s, d }: Sizes<"b" | "g" | "s" | "d">) =>
  Math.ceil((b * g * s * d) / boundAt) * boundAt;

/** Elements between the addresses at which a tensor may be bound. */
const boundAt = 256 / bytesPerElement.f32;

/** The output of the second kernel: dk, and then dv. */
export const keysAndValues = {
  outputs: { dkv: "[elements]" },
  axes: ({ b, g, s, d, dv }: Axes) => ({ elements: valuesFrom({ b, g, s, d }) + b * g * s * dv }),
} as const;

/** Its elements. */
function elementsOf(k: Tensor, v: Tensor): number {
  const [b = 0, g = 0, s = 0, d = 0] = k.shape;
  return valuesFrom({ b, g, s, d }) + v.size;
}

/** The gradients of k and v as views of their memory. */
function split(dkv: Tensor, k: Tensor, v: Tensor): { readonly dk: Tensor; readonly dv: Tensor } {
  const [b = 0, g = 0, s = 0, d = 0] = k.shape;
  const from = valuesFrom({ b, g, s, d });
  const of = (first: number, { shape, size }: Tensor) => reshape(slice(dkv, 0, first, first + size), shape);
  return { dk: of(0, k), dv: of(from, v) };
}

/** Storage buffers of a kernel, without those of masks and scores, and without a map of tiles. */
export const ownBuffers = 6;

/** Why such a variant cannot take these; undefined when it can. */
export function fusedRefusal(
  tensors: AttentionBackwardTensors,
  options: AttentionBackwardOptions,
  gpu: Gpu,
): string | undefined {
  const problem = backwardProblem(tensors, options);
  const { q, k, v } = tensors;
  const refusal = partsRefusal({ q, k, v }, { ...problem, dropout: undefined }, widest);
  if (refusal !== undefined) return refusal;
  const { offset, strides } = tensors.dout;
  if ([offset, ...strides.slice(0, 3)].some((at) => at % 4 !== 0) || strides[3] !== 1) {
    return `dout has strides [${strides.join(", ")}] from element ${offset}, it needs multiples of 4, then 1`;
  }
  const names = Object.keys(attentionBindings(problem, pairParts));
  const buffers = ownBuffers + names.length;
  return buffers > gpu.limits.storageBuffers
    ? `it has ${buffers} storage buffers with ${names.join(", ")}, this device takes ${gpu.limits.storageBuffers}`
    : undefined;
}

/** What the kernels read. */
export type Given = Readonly<Record<"q" | "k" | "v" | "dout" | "stats", Tensor>>;

/** A problem whose kernel writes into this memory, where there is any. */
export const into = <P extends BackwardProblem, O extends Readonly<Record<string, Tensor | undefined>>>(
  problem: P,
  memory: O,
) => {
  const [name = "", found] = Object.entries(memory)[0] ?? [];
  return found ? { ...problem, into: { [name]: found } } : problem;
};

/** The kernels of a variant, which write into zeros where these are given: two, and those for tensors of scores. */
export interface Fused {
  readonly queries: (gpu: Gpu, given: Given, problem: BackwardProblem, zeros?: Tensor) => { readonly dq: Tensor };
  readonly keys: (gpu: Gpu, given: Given, problem: BackwardProblem, zeros?: Tensor) => { readonly dkv: Tensor };
  /** The gradients of the score's tensors that are wanted. */
  readonly scores: (gpu: Gpu, given: Given, problem: BackwardProblem) => AttentionGradients["dscore"];
}

/** Records the kernels that the wanted gradients need; which they are may depend on the problem. */
export function recordFused(
  gpu: Gpu,
  kernelsFor: (problem: BackwardProblem) => Fused,
  { q, k, v, sink, out, lse, dout }: AttentionBackwardTensors,
  options: AttentionBackwardOptions,
): AttentionGradients {
  const problem = backwardProblem({ q, k, v, sink, out, lse, dout }, options);
  const { needs } = problem;
  using scope = gpu.scope();
  const { stats } = statsOf(gpu, { out, dout, lse }, {});
  const { queries, keys, scores } = kernelsFor(problem);
  const given = { q, k, v, dout, stats };
  /** Memory of zeros, where rows may belong to no sequence. */
  const zeros = (shape: Shape) => (isRagged(problem.place) ? fill(gpu, shape, 0) : undefined);
  const dsink = sink && needs.sink ? sinkGradient(gpu, { sink, stats }, problem).dsink : undefined;
  const dq = needs.q ? queries(gpu, given, problem, zeros(q.shape)).dq : undefined;
  const dkv = needs.k || needs.v ? keys(gpu, given, problem, zeros([elementsOf(k, v)])).dkv : undefined;
  const ofKeys: { dk?: Tensor; dv?: Tensor } = dkv ? split(dkv, k, v) : {};
  const dscore = scores(gpu, given, problem);
  const wanted = { dq, dsink, dscore, ...(needs.k ? { dk: ofKeys.dk } : {}), ...(needs.v ? { dv: ofKeys.dv } : {}) };
  return kept(scope, wanted);
}
