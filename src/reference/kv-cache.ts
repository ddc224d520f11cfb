import { integer, required } from "../options/checks.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { given, ofRows, tensor } from "./given.ts";
import { ofRow } from "./masks.ts";

/**
 * Append to a cache of keys or values: row start + i of the cache becomes token i, heads before positions. k `[b, t, g,
 * d]`, cache `[b, g, s, d]`, start a row for all batch rows or one each → cache, a changed copy. Throws a RangeError
 * where the tokens reach beyond the cache.
 */
export function append(
  tensors: { k: Dense; cache: Dense },
  options: { start: number | readonly number[] },
): { cache: Dense } {
  const { k, cache } = given("append", tensors, { k: tensor, cache: tensor });
  const { start } = given("append", options, { start: required(ofRows(integer())) });
  const { b, t, g, d, s } = axes("append", { k, cache }, { k: "b t g d", cache: "b g s d" });
  const next = dense(cache.shape, cache.values);
  for (let batch = 0; batch < b; batch++) {
    const first = ofRow(start, batch);
    if (first < 0 || first + t > s) {
      throw new RangeError(`append: rows ${first} to ${first + t - 1} of batch row ${batch}, but cache has ${s}`);
    }
    for (let i = 0; i < t; i++) {
      for (let head = 0; head < g; head++) {
        for (let j = 0; j < d; j++) {
          next.values[((batch * g + head) * s + first + i) * d + j] = at(
            k.values,
            ((batch * t + i) * g + head) * d + j,
          );
        }
      }
    }
  }
  return { cache: next };
}
