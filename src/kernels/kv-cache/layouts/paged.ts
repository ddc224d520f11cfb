import address from "#shaders/attention/address/paged.wgsl";
import slot from "#shaders/kv-cache/slot/paged.wgsl";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { tensorCheck } from "../../define/arguments.ts";
import { blockTable, pagesChecked } from "../block-table.ts";
import type { LayoutRecord, SequenceSize } from "./layout-record.ts";

/**
 * Keys `[pages, g, page, d]`, and a table u32 `[b, entries]` with the page of the positions from `i · page` on
 * (PagedAttention, Kwon et al. 2023, section 4.3); an entry without a page has no keys.
 */
export interface PagedLayout {
  readonly kind: "paged";
  /** The page of each run of positions, u32 `[b, entries]`. */
  readonly blockTable: Tensor;
}

const entriesOf = ({ blockTable }: PagedLayout) => blockTable.shape[1] ?? 0;

/** Extra pages of laid-out caches, which belong to no sequence. */
const spare = 2;

/** The pages of each sequence: scattered, the same in every run. */
function pagesOf(sequences: readonly SequenceSize[], page: number): number[][] {
  const each = Math.ceil((sequences[0]?.s ?? 0) / page);
  const count = sequences.length * each + spare;
  let step = Math.max(1, Math.floor(0.618 * count));
  while (gcd(step, count) !== 1) step++;
  return sequences.map((_, row) => Array.from({ length: each }, (__, i) => ((1 + row * each + i) * step) % count));
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

export const paged = {
  name: "paged",
  fields: { blockTable: tensorCheck },
  numbers: { size: { min: 1, usual: 16, otherwise: 16 } },
  misfit: ({ size = 16 }) => (Math.log2(size) % 1 === 0 ? undefined : `pages of ${size}, expected a power of two`),
  layOut: (sequences, { size = 16 }) => {
    const table = pagesOf(sequences, size);
    const rows = table.flat().length + spare;
    return {
      rows,
      slots: size,
      slotOf: (sequence, key) => [table[sequence]?.[Math.floor(key / size)] ?? 0, key % size],
      layout: (gpu) => ({ kind: "paged", blockTable: blockTable(gpu, table, { pages: rows }) }),
      entries: (_, seen) =>
        new Set([...seen.keys()].flatMap((key) => (seen[key] ? [Math.floor(key / size)] : []))).size,
    };
  },
  read: {
    address,
    uniforms: (layout, [count = 0, , page = 0]) => ({
      pages: { count, entries: entriesOf(layout), shift: Math.log2(page) },
    }),
  },
  write: { slot, uniforms: (layout, count) => ({ pages: { count, entries: entriesOf(layout) } }) },
  inOrder: true,
  tensors: ({ blockTable }: PagedLayout) => ({ blockTable }),
  sizes: (what, { blockTable: table }, keys, batch) => {
    const [pages = 0, , page = 0] = keys.shape;
    const is = `${what}: blockTable is ${table.dtype} ${formatShape(table.shape)}`;
    if (table.dtype !== "u32" || table.shape.length !== 2 || table.shape[0] !== batch) {
      throw new ShapeError(`${is}, expected u32 [b, entries] with b = ${batch}`);
    }
    if (page === 0 || (page & (page - 1)) !== 0) {
      throw new ShapeError(`${what}: pages of ${page} keys (${formatShape(keys.shape)}), expected a power of two`);
    }
    const checked = pagesChecked(table);
    if (checked !== undefined && checked > pages) {
      throw new ShapeError(`${is} of a cache with ${checked} pages, the one given is ${formatShape(keys.shape)}`);
    }
    return { sequences: batch, capacity: (table.shape[1] ?? 0) * page };
  },
} as const satisfies LayoutRecord<PagedLayout>;
