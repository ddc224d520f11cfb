import classifySource from "#shaders/attention/block-map/classify.wgsl";
import listSource from "#shaders/attention/block-map/list.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { attentionBindings, attentionParts, attentionUniforms, knowsTiles } from "./definition.ts";
import { visitedTiles } from "./flash-kernel.ts";
import { type FlashTiles, flashTiles } from "./flash-tiles.ts";
import { maskMod } from "./masks/mask.ts";
import {
  type AttentionMask,
  type AttentionOptions,
  type AttentionProblem,
  type AttentionTensors,
  attentionOptions,
  attentionProblem,
  attentionTensors,
  writing,
} from "./options.ts";
import { makeMods } from "./records/made-mods.ts";
import type { MaskMod } from "./records/mod.ts";

/** Sizes of the axes, and of a tile. */
interface MapShape {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  readonly tiles: Pick<FlashTiles, "ROWS" | "KEYS">;
}

/** The problem, and how its tiles are cut. */
interface MapProblem extends AttentionProblem {
  readonly shape: MapShape;
}

const mapsOf = ({ mask, shape }: MapProblem) => (maskMod(mask).byHead ? shape.h : 1);

/** How much of each tile the mask leaves. */
export const classify = defineKernel({
  name: "attention/block-map/classify",
  source: classifySource,
  inputs: { "step?": "[64, 4]" },
  outputs: { classes: "[b, maps, blocks, tiles]" },
  accepts: { step: ["u32"] },
  dtypes: () => ({ classes: "u32" as const }),
  binds: (problem: MapProblem) => attentionBindings(problem, { mask: true }),
  axes: (_axes, problem) => {
    const { b, t, s, tiles } = problem.shape;
    return { b, maps: mapsOf(problem), blocks: Math.ceil(t / tiles.ROWS), tiles: Math.ceil(s / tiles.KEYS) };
  },
  params: ({ maps, blocks, tiles }, { shape, start, length }) => ({ maps, t: shape.t, blocks, tiles, start, length }),
  uniforms: (_axes, problem) => attentionUniforms(problem, { mask: true }),
  specialise: (_axes, problem) => {
    const { ROWS, KEYS } = problem.shape.tiles;
    return { ...attentionParts(problem, { mask: true }), constants: { ROWS, KEYS } };
  },
  workgroups: ({ b, maps, blocks, tiles }) => [tiles, blocks, b * maps],
  cost: ({ b, maps, blocks, tiles }, problem) => {
    const readsTensors = Object.keys(maskMod(problem.mask).tensors).length > 0; // how often, only the GPU knows
    return { flops: 0, ...(readsTensors ? {} : { requestedBytes: 4 * b * maps * blocks * tiles }) };
  },
});

/** The tiles of each block that the mask does not empty. */
export const list = defineKernel({
  name: "attention/block-map/list",
  source: listSource,
  inputs: { classes: "[b, maps, blocks, tiles]" },
  outputs: { tileMap: "[b, maps, blocks, entries]" },
  accepts: { classes: ["u32"] },
  dtypes: () => ({ tileMap: "u32" as const }),
  axes: ({ tiles }) => ({ entries: 1 + tiles }),
  params: ({ b, maps, blocks, tiles }, _options: { readonly listed: number | undefined }) => ({
    rows: b * maps * blocks,
    tiles,
  }),
  threads: ({ b, maps, blocks }) => b * maps * blocks,
  cost: ({ b, maps, blocks, tiles }, { listed }) => {
    const counted = listed !== undefined && { requestedBytes: 4 * b * maps * (blocks * (tiles + 1) + listed) };
    return { flops: 0, ...counted };
  },
});

/** How a kernel of a map is recorded: each time it is called, unless `provideOnce` has said otherwise. */
let once = <T>(_gpu: Gpu, make: () => T): T => make();

/** Sets how kernels of maps are recorded, for programs in which many calls have one mask: `madeOnce`. */
export function provideOnce(fn: typeof once): void {
  once = fn;
}

/** Maps kept for one device, the most recently used last; those in recorded programs stay. */
interface Kept {
  readonly maps: Map<string, { readonly mask: string; readonly tileMap: Tensor; pinned: boolean }>;
}

/** Maximum number of maps kept, not counting those in recorded programs. */
const maxKept = 16;

const kept = new WeakMap<Gpu, Kept>();
const numbers = new WeakMap<MaskMod, number>();
let next = 0;

/** The key of a mask: its parameters if it has nothing else, otherwise its object, as long as that does not change. */
function identityOf(mask: AttentionMask): string {
  if (typeof mask === "string") return mask;
  const mod = maskMod(mask);
  if (Object.keys(mod.tensors).length === 0) return JSON.stringify(mask);
  let number = numbers.get(mod);
  if (number === undefined) {
    number = next++;
    numbers.set(mod, number);
  }
  return `#${number}`;
}

function problemOf(tensors: AttentionTensors, options: AttentionOptions): MapProblem {
  const [b = 0, h = 0, t = 0, d = 0] = tensors.q.shape;
  const problem = attentionProblem(tensors, options);
  const { dv, capacity } = problem.place;
  const tiles = flashTiles(d, dv);
  if (!tiles) throw new ShapeError(`attention/block-map: there are no tiles for heads of width ${d}`);
  return { ...problem, shape: { b, h, t, s: capacity, tiles } };
}

/** Entries of one map, where the CPU can count them. */
function listedTiles(problem: MapProblem): number | undefined {
  if (!knowsTiles(problem)) return undefined;
  const { tiles, t, s } = problem.shape;
  const mapped = { ...problem, map: { maps: 1, blocks: 1, entries: 1 } };
  let count = 0;
  for (let row = 0; row < t; row += tiles.ROWS) count += visitedTiles({ t, s }, mapped, row, tiles).length;
  return count;
}

function computed(gpu: Gpu, { step }: AttentionTensors, problem: MapProblem): Tensor {
  using scope = gpu.scope();
  const { classes } = once(gpu, () => classify(gpu, { step }, writing(problem)));
  return scope.keep(once(gpu, () => list(gpu, { classes }, { listed: listedTiles(problem) })).tileMap);
}

/**
 * The tiles of `attention/flash` that the mask does not empty, u32 `[b, maps, blocks, 1 + tiles]`: their number, then
 * twice the tile and one more if the mask fills it. Made by two kernels, and cached for the next call with the same
 * mask and shape: masks with tensors are the same if they are the same object with the same fields, whose tensors must
 * not change while its map is cached. A recorded program uses the cached map, or makes it on each run; with a step
 * nothing is cached.
 */
export function blockMap(gpu: Gpu, tensors: AttentionTensors, options: AttentionOptions): Tensor {
  checkCall("blockMap", attentionTensors, tensors, attentionOptions, options);
  makeMods(options);
  return keptBlockMap(gpu, tensors, options);
}

/** `blockMap` for masks of the table, and those that `makeMods` has made. */
export function keptBlockMap(gpu: Gpu, tensors: AttentionTensors, options: AttentionOptions): Tensor {
  const problem = problemOf(tensors, options);
  if (problem.stepped) return computed(gpu, tensors, problem);
  const { shape, start, length, mask } = problem;
  const { tiles, ...sizes } = shape;
  const identity = identityOf(mask);
  const key = JSON.stringify([identity, sizes, tiles.ROWS, tiles.KEYS, start, length]);
  const { maps } = kept.get(gpu) ?? { maps: new Map() };
  kept.set(gpu, { maps });
  const known = maps.get(key);
  if (known?.tileMap.storage.state === "disposed") maps.delete(key);
  else if (known) {
    maps.delete(key);
    maps.set(key, known); // the last used
    known.pinned ||= gpu.recording;
    return known.tileMap;
  }
  if (gpu.recording) return computed(gpu, tensors, problem);
  const tileMap = gpu.unscoped(() => computed(gpu, tensors, problem));
  maps.set(key, { mask: identity, tileMap, pinned: false });
  const loose = [...maps].filter(([, { pinned }]) => !pinned);
  for (const [old, entry] of loose.slice(0, Math.max(0, loose.length - maxKept))) {
    maps.delete(old);
    entry.tileMap.dispose();
  }
  return tileMap;
}

/**
 * Disposes the cached maps of a mask, or of all masks, for masks whose tensors change. Recorded programs that use them
 * must not run afterwards.
 */
export function forgetBlockMaps(gpu: Gpu, mask?: AttentionMask): void {
  if (mask !== undefined) makeMods({ mask });
  const { maps } = kept.get(gpu) ?? { maps: new Map() };
  const identity = mask && identityOf(mask);
  for (const [key, entry] of maps) {
    if (identity !== undefined && entry.mask !== identity) continue;
    maps.delete(key);
    entry.tileMap.dispose();
  }
}

/** Number of tiles by what the mask leaves of them, over all batch rows and heads, with the size of a tile. */
export interface TileCounts {
  readonly rows: number;
  readonly keys: number;
  readonly empty: number;
  readonly partial: number;
  readonly full: number;
}

/**
 * Counts the tiles that `attention/flash` would visit for these arguments, for the cost of masks that only the GPU can
 * evaluate.
 */
export async function countTiles(gpu: Gpu, tensors: AttentionTensors, options: AttentionOptions): Promise<TileCounts> {
  checkCall("countTiles", attentionTensors, tensors, attentionOptions, options);
  makeMods(options);
  const problem = problemOf(tensors, options);
  const { classes } = classify(gpu, { step: tensors.step }, writing(problem));
  const values = await classes.read();
  classes.dispose();
  const times = problem.shape.h / mapsOf(problem);
  const of = (wanted: number) => times * values.reduce((count, value) => count + Number(value === wanted), 0);
  const { ROWS, KEYS } = problem.shape.tiles;
  return { rows: ROWS, keys: KEYS, empty: of(0), partial: of(1), full: of(2) };
}
