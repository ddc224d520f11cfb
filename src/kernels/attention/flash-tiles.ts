import source from "#shaders/attention/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { type AttentionOptions, type AttentionTensors, attentionProblem, partsRefusal } from "./options.ts";

/** The constants of `attention/flash.wgsl`. */
export interface FlashTiles {
  readonly HEAD_WIDTH: number;
  readonly VALUE_WIDTH: number;
  readonly ROWS: number;
  readonly THREAD_ROWS: number;
  readonly COLUMN_THREADS: number;
  readonly KEYS: number;
  readonly CHUNKS: number;
}

/** Bytes of workgroup memory and threads of a workgroup that every device supports. */
const limits = { workgroupBytes: 16384, threads: 256 } as const;

/**
 * How flash cuts heads of width d with values of width dv: a thread owns 8 rows, 8 columns of the output (4 where 8 do
 * not divide dv) and the scores of 8 keys (4 for wide values), and k and v pass through workgroup memory in as few
 * pieces as fit. Undefined for widths that cannot be split into such pieces, because of a large prime factor or because
 * they are too wide.
 */
export function flashTiles(d: number, dv: number): FlashTiles | undefined {
  const threadRows = 8;
  const columnThreads = dv % 8 === 0 ? dv / 8 : dv / 4;
  const keys = columnThreads * (columnThreads > 16 ? 4 : 8);
  for (const rows of [64, 32]) {
    for (let chunks = 1; chunks <= d / 4; chunks++) {
      if (d % (4 * chunks) !== 0 || keys % (4 * chunks) !== 0) continue;
      const tile = (keys * Math.max(d, dv)) / chunks;
      const bytes = 4 * (tile + (rows * keys) / chunks);
      const threads = (rows / threadRows) * columnThreads;
      if (columnThreads * rows <= tile && bytes <= limits.workgroupBytes && threads <= limits.threads) {
        return {
          HEAD_WIDTH: d,
          VALUE_WIDTH: dv,
          ROWS: rows,
          THREAD_ROWS: threadRows,
          COLUMN_THREADS: columnThreads,
          KEYS: keys,
          CHUNKS: chunks,
        };
      }
    }
  }
  return undefined;
}

/**
 * Why flash cannot take these tensors and options; undefined when it can. Throws `ShapeError` where no variant could.
 */
export function tilesRefusal(tensors: AttentionTensors, options: AttentionOptions): string | undefined {
  const problem = attentionProblem(tensors, options);
  const refusal = partsRefusal(tensors, { ...problem, dropout: undefined }, 256);
  if (refusal) return refusal;
  const d = tensors.q.shape[3] ?? 0;
  const { dv } = problem.place;
  if (flashTiles(d, dv)) return undefined;
  return `it has no tiles for heads of width ${d}${dv === d ? "" : ` with values of ${dv}`}`;
}

/** Rows of a block and keys of a tile, as the kernel has them. */
export const subgroupTiles = constantsOf(source, "ROWS", "KEYS");

/** Why subgroups of this device cannot share heads of these widths; undefined when they can. */
export function sizeRefusal({ adapter }: Gpu, d: number, dv: number): string | undefined {
  const size = adapter.subgroupSize;
  if (size === undefined) return "this device's subgroups have no fixed size";
  if (subgroupTiles.KEYS % size !== 0)
    return `this device has subgroups of ${size}, it needs a divisor of ${subgroupTiles.KEYS}`;
  for (const [name, width] of Object.entries({ d, dv })) {
    if (width % (4 * size) !== 0)
      return `${name} is ${width}, it needs a multiple of ${4 * size} for subgroups of ${size}`;
  }
  return undefined;
}
