import { oneOf, required } from "../options/checks.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

/**
 * The weighted rows of each segment, added up, or the largest of each column; rows of weight 0 do not count. x `[t, c]`,
 * weights `[t]`, offsets `[n + 1]` of where segments begin and the last one ends → y `[n, c]`. Throws a RangeError for
 * offsets that descend or pass the last row.
 */
export function segments(
  tensors: { x: Dense; weights: Dense; offsets: Dense },
  options: { operation: "sum" | "max" },
): { y: Dense } {
  const { x, weights, offsets } = given("segments", tensors, { x: tensor, weights: tensor, offsets: tensor });
  const { operation } = given("segments", options, { operation: required(oneOf("sum", "max")) });
  const { t, c, ends } = axes("segments", { x, weights, offsets }, { x: "t c", weights: "t", offsets: "ends" });
  const y = dense([ends - 1, c]);
  for (let i = 0; i + 1 < ends; i++) {
    const [begin, end] = [at(offsets.values, i), at(offsets.values, i + 1)];
    if (!(begin >= 0 && begin <= end && end <= t)) {
      throw new RangeError(`segments: segment ${i} is rows ${begin} to ${end}, expected ascending offsets up to ${t}`);
    }
    for (let column = 0; column < c; column++) {
      let all = operation === "sum" ? 0 : Number.NEGATIVE_INFINITY;
      for (let row = begin; row < end; row++) {
        const weight = at(weights.values, row);
        if (weight === 0) continue;
        const value = weight * at(x.values, row * c + column);
        all = operation === "sum" ? all + value : Math.max(all, value);
      }
      y.values[i * c + column] = all;
    }
  }
  return { y };
}
