import { finite, required, size } from "../options/checks.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

/**
 * Embedding: row `ids[t]` of the table, for every token. ids `[t]`, table `[v, c]` → y `[t, c]`,
 * times `scale` (default 1). Throws a RangeError for an id outside of the table.
 */
export function gather(tensors: { ids: Dense; table: Dense }, options: { scale?: number } = {}): { y: Dense } {
  const { ids, table } = given("gather", tensors, { ids: tensor, table: tensor });
  const { scale = 1 } = given("gather", options, { scale: finite });
  const { t, v, c } = axes("gather", { ids, table }, { ids: "t", table: "v c" });
  const y = dense([t, c]);
  for (let token = 0; token < t; token++) {
    const id = at(ids.values, token);
    if (!(Number.isInteger(id) && id >= 0 && id < v)) {
      throw new RangeError(`gather: ids[${token}] is ${id}, expected 0 to ${v - 1}: table has ${v} rows`);
    }
    for (let j = 0; j < c; j++) y.values[token * c + j] = scale * at(table.values, id * c + j);
  }
  return { y };
}

/**
 * The gradient of an embedding: row v is `scale` times the sum of the rows of dy whose id is v. ids `[t]`, dy `[t, c]`
 * → dtable `[rows, c]`, added to `dtable` where there is one. Ids outside of the table have no row.
 */
export function gatherBackward(
  tensors: { ids: Dense; dy: Dense; dtable?: Dense },
  options: { rows: number; scale?: number },
): { dtable: Dense } {
  const checks = { ids: tensor, dy: tensor, dtable: optionalTensor };
  const { ids, dy, dtable: before } = given("gatherBackward", tensors as Required<typeof tensors>, checks);
  const { rows, scale = 1 } = given("gatherBackward", options, { rows: required(size), scale: finite });
  const { t, c } = axes("gatherBackward", { ids, dy }, { ids: "t", dy: "t c" });
  const dtable = dense([rows, c], before?.values);
  for (let token = 0; token < t; token++) {
    const id = at(ids.values, token);
    if (id >= rows) continue;
    for (let j = 0; j < c; j++) {
      dtable.values[id * c + j] = at(dtable.values, id * c + j) + scale * at(dy.values, token * c + j);
    }
  }
  return { dtable };
}
