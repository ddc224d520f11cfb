import tilesMap from "#shaders/attention/flash/tiles/map.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { constantsOf, type Shader } from "../../../gpu/shader/specialise.ts";
import { bytesPerElement } from "../../../tensor/dtype.ts";
import type { Shape } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { reshape, slice } from "../../../tensor/views.ts";
import type { KernelContext } from "../../define/kernel.ts";
import { fill } from "../../elementwise/fill.ts";
import { attentionBindings, attentionParts, attentionUniforms, type Sizes } from "../definition.ts";
import { isRagged } from "../layouts.ts";
import { partsRefusal } from "../options.ts";
import { KEYS, quadTiles, ROWS } from "./flash-tiles.ts";
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

/** The parts that pairs of a query and a key need: mask, score, dropout, and where they are. */
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

/** The cost of the dot products of a block and a tile, q with k and dout with v: both padded to the wider width. */
export function ofProducts({ d, dv }: Axes, shader: Shader) {
  const { DEPTH } = constantsOf(shader, "DEPTH");
  const steps = Math.ceil(Math.max(d, dv) / DEPTH);
  return { executed: 2 * (d + dv) * ROWS * KEYS, requested: 4 * 2 * steps * DEPTH * (ROWS + KEYS) };
}

/**
 * Slots of keys that are computed for: those in use and those after them, or the keys of a sequence that shares a row.
 */
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

/** Why such a variant cannot take these tensors and options; undefined when it can. */
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

/** The inputs of the kernels. */
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

// Common to the kernels of attention's gradients by tiles: tiles of the mask's range, or those of a map.

/** The problem, and whether its tiles come from a map: its sizes then. */
export interface TiledProblem extends BackwardProblem {
  readonly map?: { readonly maps: number; readonly blocks: number; readonly entries: number };
}

/** The common part of such kernels' records: `both`, and a map of tiles, which `part` reads. */
export const tiled = (part: ShaderModule = tilesMap) =>
  ({
    ...both,
    inputs: { ...both.inputs, "tileMap?": "[b, maps, blocks, entries]" },
    accepts: { tileMap: ["u32"] },
    uniforms: (_axes: object, problem: TiledProblem, views: KernelContext) => ({
      ...attentionUniforms(problem, { views, ...pairParts }),
      ...(problem.map ? { map_params: problem.map } : {}),
    }),
    specialise: ({ d, dv }: Axes, problem: TiledProblem, { gpu }: KernelContext) => ({
      parts: [...partsOf(problem), ...(problem.map ? [part] : [])],
      constants: { ...quadTiles(gpu, d, dv) },
    }),
  }) as const;

/** A problem whose tiles are those of a map, where there is one. */
export function mapped(problem: BackwardProblem, tileMap: Tensor | undefined): TiledProblem {
  const [, maps = 0, blocks = 0, entries = 0] = tileMap?.shape ?? [];
  return tileMap ? { ...problem, map: { maps, blocks, entries } } : problem;
}
