import type { Gpu } from "../../gpu/gpu.ts";
import {
  type CacheShape,
  cacheBytes,
  cacheRow,
  createCache,
  disposeCache,
  type KvCache,
  keptTokens,
  slotsOf,
} from "./cache.ts";
import { PagePool, type RowLength } from "./page-pool.ts";

/**
 * The cache of growing sequences. It tracks which tokens it still holds: layers with a window keep only the last ones,
 * so a sequence cannot always resume from an earlier position.
 */
export class SequenceCache {
  readonly shape: CacheShape;
  /** Peak size in bytes so far, including copies made while it grew. */
  peakBytes: number;
  /** Increases whenever tensors move: programs that use them have to be bound again. */
  moves = 0;
  /** A cache at its final size; undefined if it is paged. */
  readonly #fixed: KvCache | undefined;
  readonly #pools = new Map<number | undefined, PagePool>();
  /** The number of positions ever written in each row; the last of them determines what a ring holds. */
  readonly #written: number[];

  constructor(gpu: Gpu, shape: CacheShape) {
    this.shape = shape;
    this.#written = new Array<number>(shape.batch).fill(0);
    if (shape.layout === "paged") {
      const layers = Array.from({ length: shape.layers }, (_, layer) => layer);
      const windowOf = (layer: number) => shape.windows?.[layer];
      for (const window of new Set(layers.map(windowOf))) {
        const same = layers.filter((layer) => windowOf(layer) === window);
        this.#pools.set(window, new PagePool(gpu, shape, window, same));
      }
    } else {
      this.#fixed = gpu.unscoped(() => createCache(gpu, shape));
    }
    this.peakBytes = this.bytes;
  }

  /** Current size in bytes. */
  get bytes(): number {
    if (this.#fixed) return cacheBytes(this.shape);
    return [...this.#pools.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * The tensors for a program that sees up to `visible` tokens of all rows or of one. They are only valid now: after
   * `reserve` has moved them, and for another row of a paged cache, call this again. `readers` are batch rows that all
   * read the only sequence (see `sharedCache`).
   */
  async tensors(visible: number, row?: number, readers = 1): Promise<KvCache> {
    const { shape } = this;
    if (this.#fixed) return row === undefined || shape.batch === 1 ? this.#fixed : cacheRow(this.#fixed, row);
    const layers = new Map<number, KvCache[number]>();
    const tableOf = (pool: PagePool) => {
      if (readers > 1) return pool.sharedTable(visible, readers);
      return row === undefined ? pool.table(visible) : pool.tableOfRow(row, visible);
    };
    for (const pool of this.#pools.values()) {
      const table = await tableOf(pool);
      for (const [layer, tensors] of pool.withTable(table)) layers.set(layer, tensors);
    }
    this.#track();
    return [...layers].sort(([a], [b]) => a - b).map(([, layer]) => layer);
  }

  /**
   * Makes room for rows to grow to these lengths, each by at most `ahead` tokens. Returns true if tensors have moved:
   * programs that use them must be bound again. Throws `GpuError` when memory runs out.
   */
  async reserve(lengths: readonly RowLength[]): Promise<boolean> {
    for (const { row, length } of lengths) this.#written[row] = Math.max(this.#written[row] ?? 0, length);
    return await this.#each((pool, moving) => pool.reserve(lengths, moving));
  }

  /** Grows at once to the size that rows of these lengths need, so that `reserve` does not grow step by step. */
  async expect(lengths: readonly RowLength[]): Promise<boolean> {
    return await this.#each((pool, moving) => pool.expect(lengths, moving));
  }

  async #each(grow: (pool: PagePool, moving: (bytes: number) => void) => Promise<boolean>): Promise<boolean> {
    let moved = false;
    for (const pool of this.#pools.values()) {
      const moving = (bytes: number) => {
        this.moves++;
        this.#track(bytes);
      };
      if (await grow(pool, moving)) moved = true;
    }
    if (moved) this.#track();
    return moved;
  }

  #track(extra = 0): void {
    this.peakBytes = Math.max(this.peakBytes, this.bytes + extra);
  }

  /**
   * Prepares a row to resume from `position` by dropping later tokens. Returns the position that it can resume from: 0
   * where a layer no longer holds the window before `position`.
   */
  async resume(row: number, position: number): Promise<number> {
    const windows = new Set(this.shape.windows);
    const lost = [...windows].some((window) => {
      if (window === undefined) return false;
      return this.#firstHeld(row, window) > Math.max(0, position - window + 1);
    });
    const from = lost ? 0 : position;
    if (from === 0) this.#written[row] = 0;
    for (const pool of this.#pools.values()) await pool.truncate(row, from);
    return from;
  }

  #firstHeld(row: number, window: number): number {
    const pool = this.#pools.get(window);
    if (pool) return pool.firstHeld(row);
    const kept = keptTokens(this.shape, window);
    return kept < slotsOf(this.shape) ? Math.max(0, (this.#written[row] ?? 0) - kept) : 0;
  }

  /** Frees its memory. */
  dispose(): void {
    if (this.#fixed) disposeCache(this.#fixed);
    for (const pool of this.#pools.values()) pool.dispose();
  }
}
