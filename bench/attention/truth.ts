import { attention as reference } from "../../src/reference/attention.ts";
import { dense } from "../../src/reference/dense.ts";
import type { Score } from "../../src/reference/scores.ts";
import { attention as emulation } from "../../test/support/emulate-attention.ts";
import { randomSource } from "../../test/support/random.ts";
import type { BatchGroup } from "./batch.ts";
import type { Heads } from "./heads.ts";
import type { Inputs } from "./inputs.ts";
import type { AttentionCase } from "./plan.ts";

/** One query row of one head of one sequence of a group. */
interface Place {
  readonly batch: number;
  readonly head: number;
  readonly row: number;
}

/** What some rows of a result must be, and what plain f32 loops make of them. */
export interface Truth {
  readonly places: readonly Place[];
  /** Query rows that there are. */
  readonly of: number;
  /** `dv` numbers a place. */
  readonly expected: Float64Array;
  readonly emulated: Float64Array;
}

/** Multiply-adds that float64 and the emulation do in about a second, together. */
const affordable = 15e6;

/** Where kernels cut their tiles of rows: beside multiples of these. */
const tiles = [4, 8, 16, 32, 64, 128];

/**
 * The rows of a group that are checked: all where that takes less than a second, else a sample that is the same in
 * every run: the first and the last row, those beside the edges of tiles, and some between, of heads and sequences in
 * turn.
 */
export function placesOf({ count: b, t, s }: BatchGroup, { h, g, d, dv }: Heads, budget = affordable): Place[] {
  const total = b * h * t;
  const each = s * (d + dv);
  const wanted = Math.max(Math.min(total, 8), Math.floor(budget / each));
  const all = wanted >= total;
  const edges = tiles.flatMap((tile) => [tile - 1, tile]);
  const { integer } = randomSource(t);
  const between = Array.from({ length: 16 }, () => integer(t));
  const rows = all
    ? Array.from({ length: t }, (_, row) => row)
    : [...new Set([0, t - 1, t - 2, Math.floor(t / 2), ...edges, ...between])].filter((row) => row >= 0 && row < t);
  const places: Place[] = [];
  for (let i = 0; i < Math.min(wanted, b * h * rows.length); i++) {
    const [turn, place] = [Math.floor(i / (b * h)), i % (b * h)];
    // A sample goes on to the next row with each head, and meets every key head, then every sequence, as soon as can be.
    const row = rows[(all ? turn : place + turn) % rows.length] ?? 0;
    const head = (place % g) * (h / g) + Math.floor(place / (g * b));
    places.push({ batch: Math.floor(place / g) % b, head, row });
  }
  return places;
}

/** The truth about a group's rows. Gives way to other work every so often; throws what `signal` says. */
export async function truthOf(
  given: AttentionCase,
  group: BatchGroup,
  inputs: Inputs,
  signal?: AbortSignal,
): Promise<Truth> {
  const { heads } = given;
  const { h, g, d, dv } = heads;
  const { count: b, t, s } = group;
  const places = placesOf(group, heads, affordable / given.batch.groups.length);
  const mask = given.mask.reference({ b, t, s });
  const [expected, emulated] = [new Float64Array(places.length * dv), new Float64Array(places.length * dv)];
  let last = performance.now();
  for (const [i, { batch, head, row }] of places.entries()) {
    if (performance.now() - last > 50) {
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      last = performance.now();
    }
    const position = s - t + row;
    // Keys outside of a run that holds all visible ones count for nothing: they are not even converted.
    const [from, to] = mask.keyRange?.(position) ?? [0, s];
    const [first, end] = [Math.max(0, Math.min(from, s)), Math.max(0, Math.min(to, s))];
    if (end <= first) continue;
    const start = (batch * g + Math.floor(head / (h / g))) * inputs.capacity;
    const cut = (values: Float32Array, width: number) =>
      dense([1, 1, end - first, width], values.subarray((start + first) * width, (start + end) * width));
    const q = dense([1, 1, 1, d], inputs.q.subarray(((batch * t + row) * h + head) * d).subarray(0, d));
    const tensors = { q, k: cut(inputs.keys, d), v: cut(inputs.values, dv) };
    const visible = (_b: number, _h: number, _q: number, key: number) => mask(batch, head, position, first + key);
    const placed = (score: Score | undefined) => ({
      mask: visible,
      ...(score && {
        score: (value: number, _b: number, _h: number, _q: number, key: number) =>
          score(value, batch, head, position, first + key),
      }),
    });
    expected.set(reference(tensors, placed(given.score.reference)).out.values, i * dv);
    emulated.set(emulation(tensors, placed(given.score.emulation)).out.values, i * dv);
  }
  return { places, of: b * h * t, expected, emulated };
}
