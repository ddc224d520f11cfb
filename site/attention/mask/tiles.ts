/** What a flash kernel does with a tile: skips it, tests nothing, tests every pair, or visits it needlessly. */
export const tileStates = ["skipped", "full", "partial", "wasted"] as const;
export type TileState = (typeof tileStates)[number];

/** A mask over t queries and s keys, cut into tiles of `rows` × `columns`. */
export interface MaskPicture {
  readonly t: number;
  readonly s: number;
  readonly rows: number;
  readonly columns: number;
  /** Query at which the first row of tiles begins: below 0 if tiles are aligned to absolute positions. */
  readonly origin: number;
  /** Index into {@link tileStates}, row-major. */
  readonly tiles: Uint8Array;
  readonly across: number;
  readonly down: number;
  /** Visible pairs of each tile. */
  readonly pairs: Uint32Array;
  readonly live: number;
  /** Pairs in visited tiles. */
  readonly visited: number;
}

/** The subject of the picture. */
export interface MaskQuestion {
  readonly t: number;
  readonly s: number;
  readonly rows: number;
  readonly columns: number;
  readonly origin: number;
  /** By absolute positions; the last query is at the position of the last key. */
  readonly keep: (query: number, key: number) => boolean;
  /** Keys that a block of queries visits, end excluded; by position. */
  readonly range: (first: number, last: number) => readonly [first: number, end: number];
  /** True if a map of tiles also skips empty ones within the range. */
  readonly mapped: boolean;
}

/** Classifies every tile by counting its pairs, yielding to the page every few milliseconds. */
export async function pictureOf(question: MaskQuestion, signal?: AbortSignal): Promise<MaskPicture> {
  const { t, s, rows, columns, origin, keep, range, mapped } = question;
  const [down, across] = [Math.ceil((t - origin) / rows), Math.ceil(s / columns)];
  const tiles = new Uint8Array(down * across);
  const pairs = new Uint32Array(down * across);
  let live = 0;
  let visited = 0;
  let pause = performance.now() + 8;
  for (let row = 0; row < down; row++) {
    const first = Math.max(0, row * rows + origin);
    const end = Math.min((row + 1) * rows + origin, t);
    const [from, until] = range(first + s - t, end - 1 + s - t);
    for (let column = 0; column < across; column++) {
      if (performance.now() > pause) {
        await new Promise((resolve) => setTimeout(resolve));
        signal?.throwIfAborted();
        pause = performance.now() + 8;
      }
      const [left, right] = [column * columns, Math.min((column + 1) * columns, s)];
      let count = 0;
      for (let query = first; query < end; query++) {
        for (let key = left; key < right; key++) if (keep(query + s - t, key)) count++;
      }
      const tile = row * across + column;
      const size = (end - first) * (right - left);
      const inRange = left < until && right > from;
      const state: TileState =
        count === 0 ? (inRange && !mapped ? "wasted" : "skipped") : count === size ? "full" : "partial";
      tiles[tile] = tileStates.indexOf(state);
      pairs[tile] = count;
      live += count;
      if (state !== "skipped") visited += size;
    }
  }
  return { t, s, rows, columns, origin, tiles, across, down, pairs, live, visited };
}

/** The queries and keys of a tile by absolute positions, ends included. */
export function placeOf(
  { rows, columns, origin, t, s }: MaskPicture,
  row: number,
  column: number,
): { readonly queries: readonly [number, number]; readonly keys: readonly [number, number] } {
  return {
    queries: [Math.max(0, row * rows + origin) + s - t, Math.min((row + 1) * rows + origin, t) - 1 + s - t],
    keys: [column * columns, Math.min((column + 1) * columns, s) - 1],
  };
}
