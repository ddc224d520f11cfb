import address from "#shaders/attention/address/paged.wgsl";
import slot from "#shaders/kv-cache/slot/paged.wgsl";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { pagesChecked } from "../block-table.ts";
import type { LayoutRecord } from "./layout-record.ts";

/**
 * Keys `[pages, g, page, d]`, and a table u32 `[b, entries]` with the page of the positions from `i · page` on
 * (PagedAttention, Kwon et al. 2023, section 4.3); an entry without a page has no keys.
 */
export interface PagedLayout {
  readonly kind: "paged";
  readonly blockTable: Tensor;
}

const entriesOf = ({ blockTable }: PagedLayout) => blockTable.shape[1] ?? 0;

export const paged = {
  name: "paged",
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
