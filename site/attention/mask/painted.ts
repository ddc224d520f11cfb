import { type BenchMask, benchMask } from "../../../bench/attention/inputs/masks.ts";
import { stored } from "../../../src/check/attention-records.ts";
import { pack, unpack } from "../../shell/permalink.ts";

/** A mask painted by the reader: the visible blocks of `size` queries by `size` keys, by absolute positions. */
export interface Painted {
  readonly size: number;
  /** Blocks down, and as many across. */
  readonly blocks: number;
  /** 1 for a visible block, row-major, `blocks` per row. */
  readonly on: Uint8Array;
}

/** The name of the painted mask among the others. */
export const paintedName = "painted";

/** Choices of keys per block. */
export const blockSizes = [16, 32, 64, 128] as const;

/** Maximum blocks on a side: more could be neither seen nor hit. */
export const maxBlocks = 64;

/** The smallest block size for so many keys; undefined for too many keys. */
export const sizeFor = (keys: number): number | undefined =>
  blockSizes.find((size) => keys <= 16 * size) ?? blockSizes.find((size) => keys <= maxBlocks * size);

/** The blocks in which a mask keeps a pair of the last t of s positions with a key: the start of painting. */
export function traced(
  keep: (query: number, key: number) => boolean,
  { t, s }: { readonly t: number; readonly s: number },
  size: number,
): Painted {
  const blocks = Math.ceil(s / size);
  const on = new Uint8Array(blocks * blocks);
  const some = (row: number, column: number) => {
    for (let query = Math.max(row * size, s - t); query < Math.min(s, (row + 1) * size); query++) {
      for (let key = column * size; key < Math.min(s, (column + 1) * size); key++) if (keep(query, key)) return true;
    }
    return false;
  };
  for (let i = 0; i < on.length; i++) on[i] = Number(some(Math.floor(i / blocks), i % blocks));
  return { size, blocks, on };
}

/** The same with other blocks: `value` maps each block's old value to its new one. */
export function repainted(
  { size, blocks, on }: Painted,
  value: (row: number, column: number, was: (row: number, column: number) => boolean) => boolean,
  side = blocks,
): Painted {
  const was = (row: number, column: number) => row < blocks && column < blocks && on[row * blocks + column] === 1;
  const next = new Uint8Array(side * side);
  for (let i = 0; i < next.length; i++) next[i] = Number(value(Math.floor(i / side), i % side, was));
  return { size, blocks: side, on: next };
}

/** With one block set; the painting grows if it is too small. */
export const withBlock = (painted: Painted, row: number, column: number, there: boolean): Painted =>
  repainted(
    painted,
    (r, c, was) => (r === row && c === column ? there : was(r, c)),
    Math.min(maxBlocks, Math.max(painted.blocks, row + 1, column + 1)),
  );

/** The mask for the bench: block-sparse, with its map on the GPU, and the same for the reference. */
export function paintedMask({ size, blocks, on }: Painted): BenchMask {
  const map = stored({ shape: [1, 1, blocks, blocks], values: on }, "u32");
  return benchMask(paintedName, () => ({ kind: "block-sparse", size, map }));
}

/** The painting as part of a link. */
export const packPainted = ({ size, blocks, on }: Painted): Promise<string> =>
  pack(`${size}:${blocks}:${Array.from(on).join("")}`);

/** The painting in a link. Throws a SyntaxError for anything else. */
export async function unpackPainted(packed: string): Promise<Painted> {
  const text = await unpack(packed).catch(() => "");
  const [, size = 0, blocks = 0, cells = ""] = /^(\d{1,3}):(\d{1,2}):([01]*)$/.exec(text) ?? [];
  const [keys, side] = [Number(size), Number(blocks)];
  const known = blockSizes.some((one) => one === keys) && side >= 1 && side <= maxBlocks;
  if (!known || cells.length !== side * side) throw new SyntaxError("the painted tiles in this link are damaged");
  return { size: keys, blocks: side, on: Uint8Array.from(cells, Number) };
}
