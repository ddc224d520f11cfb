import { integer, oneOf, required } from "../options/checks.ts";
import { formatShape } from "../tensor/shape.ts";
import { given, tensor } from "./arguments.ts";
import { at, axes, axisFromFirst, type Dense, dense, splitAt } from "./dense.ts";

/**
 * The weighted rows of each segment, added up, or the largest of each column; rows of weight 0 do not count. x `[t,
 * c]`, weights `[t]`, offsets `[n + 1]` of where segments begin and the last one ends → y `[n, c]`. Throws a RangeError
 * for offsets that descend or pass the last row.
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

/** Which of the values is the largest: the first of equal ones, or the first NaN; −1 for none. */
function winnerOf(values: readonly number[]): number {
  const isMore = (value: number, best: number) => !Number.isNaN(best) && (Number.isNaN(value) || value > best);
  return values.reduce((best, value, i) => (best < 0 || isMore(value, values[best] ?? 0) ? i : best), -1);
}

/**
 * Gradient of {@link segments}: of a sum `dx[t] = weights[t] · dy[i]` for the rows t of segment i; of a maximum the
 * same for the first row that has it in each column, and 0 for the others. Rows of weight 0 and of no segment get 0. x
 * `[t, c]`, weights `[t]`, offsets `[n + 1]`, dy `[n, c]` → dx like x.
 */
export function segmentsBackward(
  tensors: { x: Dense; weights: Dense; offsets: Dense; dy: Dense },
  options: { operation: "sum" | "max" },
): { dx: Dense } {
  const checks = { x: tensor, weights: tensor, offsets: tensor, dy: tensor };
  const { x, weights, offsets, dy } = given("segmentsBackward", tensors, checks);
  const { operation } = given("segmentsBackward", options, { operation: required(oneOf("sum", "max")) });
  const { c, n } = axes("segmentsBackward", { x, weights, dy }, { x: "t c", weights: "t", dy: "n c" });
  const dx = dense(x.shape);
  for (let i = 0; i < n; i++) {
    const [begin, end] = [at(offsets.values, i), at(offsets.values, i + 1)];
    const rows = Array.from({ length: end - begin }, (_, r) => begin + r).filter((t) => at(weights.values, t) !== 0);
    for (let column = 0; column < c; column++) {
      const value = (t: number) => at(weights.values, t) * at(x.values, t * c + column);
      const winner = operation === "max" ? rows[winnerOf(rows.map(value))] : undefined;
      for (const t of rows) {
        if (winner !== undefined && t !== winner) continue;
        dx.values[t * c + column] = at(weights.values, t) * at(dy.values, i * c + column);
      }
    }
  }
  return { dx };
}

/**
 * Gradient of {@link max}: dy goes to the first element of the axis that has the maximum, the others get 0. dy has the
 * shape of x without the axis → dx like x.
 */
export function maxBackward(tensors: { x: Dense; dy: Dense }, options: { axis: number }): { dx: Dense } {
  const { x, dy } = given("maxBackward", tensors, { x: tensor, dy: tensor });
  const { axis } = given("maxBackward", options, { axis: required(integer()) });
  const [outer, length, inner] = splitAt(x.shape, axis);
  const expected = formatShape(x.shape.toSpliced(axisFromFirst(x.shape, axis), 1));
  if (formatShape(dy.shape) !== expected) {
    throw new RangeError(`maxBackward: dy is ${formatShape(dy.shape)}, expected ${expected} (from x)`);
  }
  const dx = dense(x.shape);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const place = (j: number) => (o * length + j) * inner + i;
      const winner = winnerOf(Array.from({ length }, (_, j) => at(x.values, place(j))));
      if (winner >= 0) dx.values[place(winner)] = at(dy.values, o * inner + i);
    }
  }
  return { dx };
}
