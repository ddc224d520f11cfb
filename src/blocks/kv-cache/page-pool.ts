import type { Gpu } from "../../gpu/gpu.ts";
import { noPage } from "../../kernels/kv-cache/block-table.ts";
import type { DType } from "../../tensor/dtype.ts";
import { type Tensor, tensor, unpooledZeros } from "../../tensor/tensor.ts";
import {
  type CacheShape,
  keptTokens,
  type LayerCache,
  type LayerTensors,
  layerTensors,
  pagesOfRow,
  pageTokens,
  rotation,
  slotsOf,
} from "./cache.ts";

/** A batch row and the length in tokens that it grows to. */
export interface RowLength {
  readonly row: number;
  readonly length: number;
}

const pagesFor = (tokens: number) => Math.ceil(tokens / pageTokens);

/** Minimum number of pages that a pool grows by, since each growth moves all pages. */
const minStep = 4;

/**
 * The size in pages that a pool grows to: an eighth more, as many as are lacking, or four more, whichever is largest.
 * So a sequence that grows token by token moves each token about eight times, and at most an eighth is unused.
 */
export const grownPages = (pages: number, lacking: number, most: number): number =>
  Math.min(most, pages + Math.max(lacking, minStep, Math.ceil(pages / 8)));

/**
 * The pages of all layers with the same window, and which of them each batch row has: page p of every layer belongs to
 * the same positions of the same row (PagedAttention, Kwon et al. 2023, section 4.3). Pages are taken as rows grow;
 * with a window, pages that it has passed are reused.
 */
export class PagePool {
  /** Tensors of each layer, by the layer's index. They change when the pool grows. */
  readonly layers: Map<number, LayerTensors>;
  readonly #gpu: Gpu;
  readonly #shape: CacheShape;
  readonly #window: number | undefined;
  /** Maximum number of pages. */
  readonly #most: number;
  /** Pages of each row, in the order of their positions; `noPage` for those that were freed. */
  readonly #rows: number[][];
  readonly #free: number[] = [];
  /** Block tables `[batch, entries]` by the number of tokens that they cover, and tables of one row `[1, entries]`. */
  readonly #tables = new Map<number, Tensor>();
  readonly #rowTables = new Map<number, Tensor>();
  /** Tables of one sequence that several batch rows read, `[readers, entries]`, by readers and tokens. */
  readonly #sharedTables = new Map<string, Tensor>();
  #pages: number;

  constructor(gpu: Gpu, shape: CacheShape, window: number | undefined, layers: readonly number[]) {
    this.#gpu = gpu;
    this.#shape = shape;
    this.#window = window;
    this.#most = shape.batch * pagesOfRow(shape, window);
    this.#rows = Array.from({ length: shape.batch }, () => []);
    this.#pages = 0;
    const pages = grownPages(0, 0, this.#most);
    this.layers = new Map(layers.map((layer) => [layer, this.#tensors(layer, pages)]));
    this.#add(pages);
  }

  #tensors(layer: number, pages: number): LayerTensors {
    return layerTensors(this.#shape, { rows: pages, slots: pageTokens }, (name, axes, dtype) =>
      this.#zeros(axes, dtype, `layer.${layer} ${name}`),
    );
  }

  /** Pages live until the pool frees them, regardless of the scope that is open when it grows. */
  #zeros(axes: readonly number[], dtype: DType, label: string): Tensor {
    return this.#gpu.unscoped(() => unpooledZeros(this.#gpu, axes, dtype, label));
  }

  #newTable(rows: number, entries: ArrayLike<number>): Tensor {
    const shape = [rows, entries.length / rows];
    return this.#gpu.unscoped(() => tensor(this.#gpu, shape, entries, "u32"));
  }

  #add(pages: number): void {
    for (let page = pages - 1; page >= this.#pages; page--) this.#free.push(page); // the first is taken first
    this.#pages = pages;
  }

  /** Bytes of all existing tensors, including those that are being moved. */
  get bytes(): number {
    const pages = [...this.layers.values()].flatMap((layer) => Object.values(layer) as Tensor[]);
    const tables = this.#allTables();
    return [...pages, ...tables].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #allTables(): Tensor[] {
    return [this.#tables, this.#rowTables, this.#sharedTables].flatMap((tables) => [...tables.values()]);
  }

  /** The first position of a row that is still in memory. */
  firstHeld(row: number): number {
    const pages = this.#rows[row] ?? [];
    const first = pages.findIndex((page) => page !== noPage);
    return pageTokens * (first < 0 ? pages.length : first);
  }

  /**
   * Gives pages to rows that grow to these lengths; pages that a window has passed are freed. Returns true if tensors
   * moved and must be bound again. `moving` is called with the bytes of each copy while both it and its original exist.
   */
  async reserve(lengths: readonly RowLength[], moving: (bytes: number) => void): Promise<boolean> {
    const wanted = lengths.flatMap(({ row, length }) => {
      const pages = this.#rows[row] ?? [];
      const end = Math.min(pagesFor(length), pagesFor(slotsOf(this.#shape)));
      return end > pages.length ? [{ row, pages, end, length }] : [];
    });
    if (wanted.length === 0) return false;
    for (const { pages, length } of wanted) this.#giveUp(pages, length - keptTokens(this.#shape, this.#window));
    const count = wanted.reduce((sum, { pages, end }) => sum + end - pages.length, 0);
    const moved = await this.#provide(count, moving);
    for (const { pages, end } of wanted) {
      while (pages.length < end) pages.push(this.#free.pop() ?? noPage);
    }
    for (const { row } of wanted) await this.#write(row);
    return moved;
  }

  /** Grows at once to the size that rows of these lengths need; like `reserve`, but the rows take no pages yet. */
  async expect(lengths: readonly RowLength[], moving: (bytes: number) => void): Promise<boolean> {
    const counts = lengths.map(({ row, length }) => {
      const held = (this.#rows[row] ?? []).filter((page) => page !== noPage).length;
      return Math.max(0, Math.min(pagesFor(length), pagesOfRow(this.#shape, this.#window)) - held);
    });
    return await this.#provide(
      counts.reduce((sum, count) => sum + count, 0),
      moving,
    );
  }

  /** Grows unless this many pages are free. */
  async #provide(count: number, moving: (bytes: number) => void): Promise<boolean> {
    const lacking = count - this.#free.length;
    if (lacking <= 0) return false;
    await this.#grow(grownPages(this.#pages, lacking, this.#most), moving);
    return true;
  }

  /** Frees the pages of a row whose positions are all before `position`. */
  #giveUp(pages: number[], position: number): void {
    for (let i = 0; i < pages.length && (i + 1) * pageTokens <= position; i++) {
      const page = pages[i];
      if (page === undefined || page === noPage) continue;
      this.#free.push(page);
      pages[i] = noPage;
    }
  }

  /** Frees the pages of a row from `length` on. */
  async truncate(row: number, length: number): Promise<void> {
    const pages = this.#rows[row] ?? [];
    const cut = pages.splice(pagesFor(length));
    this.#free.push(...cut.filter((page) => page !== noPage).reverse());
    if (cut.length > 0) await this.#write(row);
  }

  /**
   * Moves the pages to larger tensors, one tensor at a time: the old one is freed before the next is made, so that only
   * one tensor of one layer ever exists twice.
   */
  async #grow(pages: number, moving: (bytes: number) => void): Promise<void> {
    const gpu = this.#gpu;
    for (const [layer, tensors] of this.layers) {
      for (const [name, old] of Object.entries(tensors) as [keyof LayerTensors, Tensor][]) {
        if ((old.shape[0] ?? 0) >= pages) continue; // moved already, before memory ran out
        const axes = [pages, ...old.shape.slice(1)];
        const larger = this.#zeros(axes, old.dtype, old.storage.label);
        moving(larger.bytes);
        gpu.copy({ from: old.storage, fromOffset: 0, to: larger.storage, toOffset: 0, bytes: old.bytes });
        try {
          await gpu.flush();
        } catch (cause) {
          larger.dispose();
          throw cause; // the pool keeps its size: tensors that have moved have spare room
        }
        this.layers.set(layer, { ...(this.layers.get(layer) ?? tensors), [name]: larger });
        old.dispose();
        await gpu.reports.soon(gpu.device.queue.onSubmittedWorkDone()); // the memory is freed once nothing uses it
      }
    }
    this.#add(pages);
  }

  /** A row's entries of a block table. */
  #entries(row: number, visible: number): Uint32Array<ArrayBuffer> {
    const entries = new Uint32Array(visible / pageTokens).fill(noPage);
    entries.set(this.#rows[row]?.slice(0, entries.length) ?? []);
    return entries;
  }

  async #write(row: number): Promise<void> {
    for (const [visible, table] of this.#tables) {
      const entries = this.#entries(row, visible);
      await this.#gpu.write(table.storage, row * entries.byteLength, new Uint8Array(entries.buffer));
    }
    for (const table of this.#sharedTables.values()) {
      const [readers = 1, count = 0] = table.shape;
      const entries = this.#repeated(readers, count * pageTokens);
      await this.#gpu.write(table.storage, 0, new Uint8Array(Uint32Array.from(entries).buffer));
    }
  }

  #repeated(readers: number, visible: number): number[] {
    return Array.from({ length: readers }, () => [...this.#entries(0, visible)]).flat();
  }

  /** The block table of the only sequence for batch rows that all read it, `[readers, entries]`, kept up to date. */
  sharedTable(visible: number, readers: number): Tensor {
    const key = `${readers} ${visible}`;
    const table = this.#sharedTables.get(key) ?? this.#newTable(readers, this.#repeated(readers, visible));
    this.#sharedTables.set(key, table);
    return table;
  }

  /** The block table of all rows, u32 `[batch, entries]`, which is kept up to date. */
  table(visible: number): Tensor {
    const known = this.#tables.get(visible);
    if (known) return known;
    const entries = this.#rows.flatMap((_, row) => [...this.#entries(row, visible)]);
    const table = this.#newTable(this.#rows.length, entries);
    this.#tables.set(visible, table);
    return table;
  }

  /**
   * The current block table of one row, u32 `[1, entries]`; there is one tensor for each length, shared by all rows.
   */
  async tableOfRow(row: number, visible: number): Promise<Tensor> {
    if (this.#rows.length === 1) return this.table(visible);
    const entries = this.#entries(row, visible);
    const known = this.#rowTables.get(visible);
    if (known) {
      await this.#gpu.write(known.storage, 0, new Uint8Array(entries.buffer));
      return known;
    }
    const table = this.#newTable(1, entries);
    this.#rowTables.set(visible, table);
    return table;
  }

  /** The layers of this pool with a block table. */
  withTable(blockTable: Tensor): Map<number, LayerCache> {
    const layout = { kind: "paged", blockTable } as const;
    return new Map(
      [...this.layers].map(([layer, tensors]) => [layer, { ...tensors, ...rotation(this.#shape), layout }]),
    );
  }

  dispose(): void {
    for (const layer of this.layers.values()) for (const part of Object.values(layer) as Tensor[]) part.dispose();
    for (const table of this.#allTables()) table.dispose();
  }
}
