// The kernel of flash, packed and blocks, which differ in the rows of a block and in how they find their tiles.
import rowsOfGroup from "#shaders/attention/flash/rows-of/group.wgsl";
import tilesMap from "#shaders/attention/flash/tiles/map.wgsl";
import source from "#shaders/attention/flash.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../define/kernel.ts";
import {
  attentionBindings,
  attentionOutputs,
  attentionShader,
  attentionUniforms,
  blocksOf,
  bySequence,
  everyPart,
  knowsTiles,
  placedAxes,
  placedInputs,
  placedTensors,
  placedTypes,
  placedViews,
  type Sizes,
  visibleKeys,
  visiblePairs,
} from "./definition.ts";
import { type FlashTiles, flashTiles } from "./flash-tiles.ts";
import { rowBytes } from "./layouts.ts";
import { type AttentionProblem, type AttentionResult, type AttentionTensors, attentionResult } from "./options.ts";

/** The problem, the kind of rows in a block, and the map of its tiles. */
interface FlashProblem extends AttentionProblem {
  /** True if the rows of a block are heads of a group. */
  readonly packed?: boolean;
  /** The map of its tiles, if they come from one. */
  readonly map?: { readonly maps: number; readonly blocks: number; readonly entries: number };
}

/**
 * The tiles that the block of rows from `row` on, with `heads` rows per query, visits, each as its number of keys.
 * Tiles of a map start at multiples of their size, tiles of a range at its first key.
 */
export function visitedTiles(
  { t, s }: Sizes<"t" | "s">,
  problem: FlashProblem,
  row: number,
  { ROWS, KEYS }: Pick<FlashTiles, "ROWS" | "KEYS">,
  heads = 1,
): number[] {
  const last = Math.min(row + ROWS, heads * t) - 1;
  const [begin, end] = visibleKeys({ t, s }, problem, Math.floor(row / heads), Math.floor(last / heads));
  if (begin >= end) return [];
  const first = problem.map ? Math.floor(begin / KEYS) * KEYS : begin;
  const stop = problem.map ? (problem.stepped ? s : problem.length) : end;
  const count = Math.ceil((end - first) / KEYS);
  return Array.from({ length: count }, (_, i) => Math.min(KEYS, stop - first - i * KEYS));
}

type FlashAxes = Sizes<"b" | "h" | "g" | "t" | "d" | "dv">;

const kernel = defineKernel({
  name: "attention/flash",
  source,
  inputs: { ...placedInputs, "sink?": "[h]", "tileMap?": "[b, maps, blocks, entries]" },
  ...attentionOutputs,
  accepts: { ...placedTypes, tileMap: ["u32"] },
  strided: placedViews,
  axes: (_axes, problem: FlashProblem) => placedAxes(problem),
  binds: (problem) => attentionBindings(problem, everyPart),
  params: ({ h, g, t }, { start, length, scale }) => ({ h, g, t, start, length, scale }),
  uniforms: (_axes, problem, views) => ({
    ...attentionUniforms(problem, { views, ...everyPart }),
    ...(problem.map ? { map_params: problem.map } : {}),
  }),
  specialise: ({ d, dv }, problem, context) => {
    const { parts = [], ...rest } = attentionShader(problem, { ...flashTiles(d, dv) }, everyPart, context);
    const own = [...(problem.map ? [tilesMap] : []), ...(problem.packed ? [rowsOfGroup] : [])];
    return { ...rest, parts: [...parts, ...own] };
  },
  workgroups: ({ b, h, g, t }, { packed, place }, _context, shader) => {
    const rows = packed ? (t * h) / g : t;
    return [blocksOf(place, rows, constantsOf(shader, "ROWS").ROWS), packed ? g : h, b];
  },
  cost: bySequence(({ b, h, g, t, d, dv }: FlashAxes, problem: FlashProblem, _context, shader) => {
    const s = problem.place.capacity;
    const flops = 2 * (d + dv) * visiblePairs({ b, h, t, s }, problem);
    if (problem.map && !knowsTiles(problem)) return { flops };
    const tiles = constantsOf(shader, "ROWS", "KEYS", "CHUNKS", "COLUMN_THREADS", "THREAD_ROWS");
    const { ROWS, KEYS, CHUNKS, COLUMN_THREADS, THREAD_ROWS } = tiles;
    const [heads, blocks] = problem.packed ? [h / g, g] : [1, h];
    const { k, v } = rowBytes(problem.place, d);
    let executed = 0;
    let requested = 4 * (dv + Number(problem.lse)) * heads * t; // out and lse, then the reads of q, k and v by each block
    for (let row = 0; row < heads * t; row += ROWS) {
      const visited = visitedTiles({ t, s }, problem, row, tiles, heads);
      const keys = visited.reduce((sum, count) => sum + count, 0);
      const chunk = KEYS / CHUNKS;
      const valueKeys = visited.reduce((sum, count) => sum + Math.ceil(count / chunk) * chunk, 0);
      executed += 2 * ROWS * (d * visited.length * KEYS + dv * valueKeys);
      requested += 4 * d * visited.length * ROWS * COLUMN_THREADS + (k + v) * keys;
      if (problem.map) requested += 4 * (ROWS / THREAD_ROWS) * COLUMN_THREADS * (1 + visited.length); // the map's entries
    }
    return {
      flops,
      executedFlops: b * blocks * executed,
      requestedBytes: b * blocks * requested,
    };
  }),
});

/**
 * Runs flash over the tiles of the mask's ranges, or over those of a map `[b, maps, blocks, entries]`, with blocks of
 * one head's rows or, packed, of a group's.
 */
export function runFlash(
  gpu: Gpu,
  tensors: AttentionTensors,
  problem: AttentionProblem & { readonly packed?: boolean },
  tileMap?: Tensor,
): AttentionResult {
  using scope = gpu.scope();
  const [, maps = 1, blocks = 0, entries = 0] = tileMap?.shape ?? [];
  const given = { ...placedTensors(tensors), sink: tensors.sink, tileMap };
  const mapped = tileMap ? { ...problem, map: { maps, blocks, entries } } : problem;
  return attentionResult(scope, kernel(gpu, given, mapped));
}
