import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { pagesChecked } from "./block-table.ts";

/**
 * Where the rows of a cache lie. `contiguous`: keys `[b, g, s, d]`, position i of batch row b in row i. `paged`: keys
 * `[pages, g, page, d]`, and a table u32 `[b, entries]` that says in which page the positions from `i · page` on are
 * (PagedAttention, Kwon et al. 2023, section 4.3); an entry that is no page has no keys. `ring`: keys `[b, g, s, d]`, of
 * which the first `sinks` (0) stay and the others go round: position p is in slot `sinks + (p − sinks) mod (s − sinks)`
 * (StreamingLLM, Xiao et al. 2023, section 3.2).
 */
export type KvLayout =
  | "contiguous"
  | { readonly kind: "paged"; readonly blockTable: Tensor }
  | { readonly kind: "ring"; readonly sinks?: number };

/** The name of a layout: also that of its shader parts. */
export const layoutName = <L extends KvLayout | { readonly kind: string }>(layout: L): LayoutName<L> =>
  (typeof layout === "string" ? layout : layout.kind) as LayoutName<L>;

type LayoutName<L> = L extends { readonly kind: infer Kind } ? Kind : L;

/**
 * The positions that a cache with these keys has room for, by batch row. Throws `ShapeError` where the layout and the
 * keys contradict one another.
 */
export function capacityOf(what: string, layout: KvLayout, keys: Tensor, batch: number): number {
  const [rows = 0, , s = 0] = keys.shape;
  if (typeof layout !== "string" && layout.kind === "paged") {
    const { blockTable: table } = layout;
    const is = `${what}: blockTable is ${table.dtype} ${formatShape(table.shape)}`;
    if (table.dtype !== "u32" || table.shape.length !== 2 || table.shape[0] !== batch) {
      throw new ShapeError(`${is}, expected u32 [b, entries] with b = ${batch}`);
    }
    if (s === 0 || (s & (s - 1)) !== 0) {
      throw new ShapeError(`${what}: pages of ${s} keys (${formatShape(keys.shape)}), expected a power of two`);
    }
    const checked = pagesChecked(table);
    if (checked !== undefined && checked > rows) {
      throw new ShapeError(`${is} of a cache with ${checked} pages, the one given is ${formatShape(keys.shape)}`);
    }
    return (table.shape[1] ?? 0) * s;
  }
  if (rows !== batch) {
    throw new ShapeError(`${what}: a cache ${formatShape(keys.shape)}, expected ${batch} batch rows`);
  }
  if (typeof layout !== "string") {
    const { sinks = 0 } = layout;
    if (!Number.isInteger(sinks) || sinks < 0 || sinks >= s) {
      throw new ShapeError(`${what}: ${sinks} sinks in a ring of ${s} slots, expected 0 to ${s - 1}`);
    }
  }
  return s;
}
