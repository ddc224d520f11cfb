import type { Gpu } from "../../gpu/gpu.ts";
import { checkOptions, checkValue, fieldsOf, integer, listOf, required, size } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** An entry of a block table without a page. */
export const noPage = 0xffffffff;

const fields = fieldsOf({ pages: required(size), entries: integer(1, 2 ** 32 - 1) });

/** Number of pages of the cache for which a table was checked, by table. */
const checked = new WeakMap<Tensor, number>();

/** Number of pages that the cache of a table made by `blockTable` must have; undefined for other tables. */
export const pagesChecked = (table: Tensor): number | undefined => checked.get(table);

/**
 * A block table u32 `[b, entries]` from the pages of each batch row, in the order of their positions; further entries
 * have no page. `pages` is the number of pages of the cache, `entries` the length of a row, by default that of the
 * longest. Throws `ShapeError` for a page that the cache does not have. Other tables are not checked: on the GPU the
 * keys of an entry without a page count as masked.
 */
export function blockTable(
  gpu: Gpu,
  rows: readonly (readonly number[])[],
  options: { pages: number; entries?: number },
): Tensor {
  checkValue("blockTable", "rows", listOf(listOf(integer(0))), rows);
  checkOptions("blockTable", fields, options);
  const { pages, entries = Math.max(1, ...rows.map((row) => row.length)) } = options;
  const values = new Uint32Array(rows.length * entries).fill(noPage);
  rows.forEach((row, b) => {
    if (row.length > entries) {
      throw new ShapeError(`blockTable: row ${b} has ${row.length} pages, expected up to ${entries}`);
    }
    row.forEach((page, i) => {
      if (!Number.isInteger(page) || page < 0 || page >= pages) {
        throw new ShapeError(`blockTable: entry ${i} of row ${b} is page ${page}, expected 0 to ${pages - 1}`);
      }
      values[b * entries + i] = page;
    });
  });
  const table = tensor(gpu, [rows.length, entries], values, "u32");
  checked.set(table, pages);
  return table;
}
