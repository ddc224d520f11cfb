import keysSource from "#shaders/attention/backward/flash-kv.wgsl";
import quadsSource from "#shaders/attention/backward/quads.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf } from "../../../gpu/shader/specialise.ts";
import { kindOf } from "../../tuning.ts";

// How the kernels of attention's gradients by tiles cut their work.

/** Queries of a block and keys of a tile, the same in both kernels, and the tiles after which sums go to memory. */
export const { ROWS, KEYS, RUN } = constantsOf(keysSource, "ROWS", "KEYS", "RUN");

/** The constants of `attention/backward/quads.wgsl`. */
interface QuadTiles {
  readonly HEAD_WIDTH: number;
  readonly VALUE_WIDTH: number;
  readonly DEPTH: number;
  readonly THREAD_ROWS: number;
}

const usual = constantsOf(quadsSource, "DEPTH", "COLUMN_THREADS");

const threadRows = new WeakMap<Gpu, number>();

/**
 * Sets the rows of a thread on a device to 4, 8 or 16; without a number they are again those for its kind of device.
 */
export function setThreadRows(gpu: Gpu, rows?: number): void {
  if (rows === undefined) threadRows.delete(gpu);
  else threadRows.set(gpu, rows);
}

/** Bytes of workgroup memory that every device has. */
const maxBytes = 16384;

/**
 * Rows of a thread where the columns of a row leave room. Not in the table of choices, because pages that run models
 * load that. llvmpipe (Mesa 25), 2 cores, 1,024 causal queries of 4 × 64: 16 rows take 0.8 of the time of 8.
 * SwiftShader 5 takes minutes to compile 16. On a GPU, where nothing was measured, 4 leave the sums in registers.
 */
export const usualRows = { hardware: 4, minimal: 8, others: 16 };

function rowsOn(gpu: Gpu): number {
  const kind = kindOf(gpu);
  return threadRows.get(gpu) ?? usualRows[kind === "hardware" || kind === "minimal" ? kind : "others"];
}

/** Sums of a thread in vectors of four columns, of one gradient: more would not stay in registers anywhere. */
const maxSums = 32;

/** The tiles for heads of width d with values of width dv, multiples of 4. */
export function quadTiles(gpu: Gpu, d: number, dv: number): QuadTiles {
  const width = 4 * usual.COLUMN_THREADS; // columns that a thread each of a row has together
  const columns = Math.ceil(Math.max(d, dv) / width);
  const fit = 2 ** Math.floor(Math.log2(maxSums / columns));
  const quads = ROWS / 4 + Math.max(KEYS / 4, columns * usual.COLUMN_THREADS); // on both sides, of one i of one product
  let depth = usual.DEPTH;
  while (depth > 4 && 2 * 16 * depth * quads > maxBytes) depth /= 2;
  return {
    HEAD_WIDTH: d,
    VALUE_WIDTH: dv,
    DEPTH: depth,
    THREAD_ROWS: Math.max(4, Math.min(rowsOn(gpu), fit)),
  };
}
