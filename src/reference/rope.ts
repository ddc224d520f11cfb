import { boolean, oneOf, positive, required, size } from "../options/checks.ts";
import { formatShape } from "../tensor/shape.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

/** Which two elements of a head are rotated as a pair: `halves` pairs i with i + r/2, `interleaved` 2i with 2i + 1. */
export type RopeLayout = "halves" | "interleaved";

/**
 * Options of RoPE: the pairing, the position of each row's first token without `positions` (default 0), and whether
 * pairs are rotated back, which is the inverse and the gradient.
 */
export interface RopeOptions {
  layout: RopeLayout;
  start?: number;
  inverse?: boolean;
}

/**
 * Rotary position embedding: pair i of a head at position p is rotated by the angle whose cosine and sine the table
 * holds (Su et al. 2021, section 3.4.2).
 *
 * x `[b, t, h, d]`, table `[p, pairs, 2]` (cosine, sine), positions `[b, t]` (none: start, start + 1, …) → y like x.
 * The rotary width r = 2 · pairs may be less than d; the rest of the head passes through. Throws a RangeError for a
 * position outside of the table.
 */
export function rope(
  tensors: { x: Dense; table: Dense; positions?: Dense | undefined },
  options: RopeOptions,
): { y: Dense } {
  const { x, table, positions } = given("rope", tensors, { x: tensor, table: tensor, positions: optionalTensor });
  const layouts = required(oneOf("halves", "interleaved"));
  const checks = { layout: layouts, start: size, inverse: boolean };
  const { layout, start = 0, inverse = false } = given("rope", options, checks);
  const { b, t, h, d, p, pairs, two } = axes("rope", { x, table }, { x: "b t h d", table: "p pairs two" });
  if (two !== 2 || 2 * pairs > d) {
    throw new RangeError(`rope: table is ${formatShape(table.shape)}, expected [p, r/2, 2] with r ≤ ${d} (d of x)`);
  }
  if (positions) axes("rope", { x, positions }, { x: "b t h d", positions: "b t" });
  const y = dense(x.shape, x.values);
  for (let row = 0; row < b * t; row++) {
    const position = positions ? at(positions.values, row) : start + (row % t);
    if (!(Number.isInteger(position) && position >= 0 && position < p)) {
      throw new RangeError(`rope: position ${position} of token ${row % t}, expected 0 to ${p - 1}: the rows of table`);
    }
    for (let head = row * h; head < (row + 1) * h; head++) {
      for (let pair = 0; pair < pairs; pair++) {
        const first = head * d + (layout === "halves" ? pair : 2 * pair);
        const second = first + (layout === "halves" ? pairs : 1);
        const cosine = at(table.values, (position * pairs + pair) * 2);
        const sine = (inverse ? -1 : 1) * at(table.values, (position * pairs + pair) * 2 + 1);
        y.values[first] = at(x.values, first) * cosine - at(x.values, second) * sine;
        y.values[second] = at(x.values, second) * cosine + at(x.values, first) * sine;
      }
    }
  }
  return { y };
}

/** The parameters of a table: its frequencies and its size. */
type TableOptions = { theta: number; width: number; positions: number };

/**
 * The unscaled table in float64: cosine and sine of `position · theta^(−2i / width)`.
 * → `[positions, width / 2, 2]` (Su et al. 2021, section 3.2.2).
 */
export function cosinesAndSines(options: TableOptions): Dense {
  const checks = { theta: required(positive), width: required(size), positions: required(size) };
  const { theta, width, positions } = given("cosinesAndSines", options, checks);
  if (width % 2 !== 0) throw new RangeError(`cosinesAndSines: width is ${width}, expected an even number`);
  const pairs = width / 2;
  const table = dense([positions, pairs, 2]);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = position * theta ** ((-2 * pair) / width);
      table.values[(position * pairs + pair) * 2] = Math.cos(angle);
      table.values[(position * pairs + pair) * 2 + 1] = Math.sin(angle);
    }
  }
  return table;
}
