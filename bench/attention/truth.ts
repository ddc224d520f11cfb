import { attention as emulation, linearAttention as linearEmulation } from "../../src/check/emulation/attention.ts";
import { randomSource } from "../../src/check/random.ts";
import { attention as reference } from "../../src/reference/attention/attention.ts";
import { linearAttention as linear } from "../../src/reference/attention/linear-attention.ts";
import type { Score } from "../../src/reference/attention/scores.ts";
import { dense } from "../../src/reference/dense.ts";
import type { BatchGroup } from "./batch.ts";
import type { GroupNumbers } from "./call-shape.ts";
import type { AttentionCase } from "./case.ts";
import type { Heads } from "./inputs/heads.ts";
import { expandHead } from "./inputs/latents.ts";
import { maskIn } from "./inputs/layouts.ts";
import { allowedInDecays, type RecurrenceName, trueRecurrence } from "./recurrence-truth.ts";

/** One query row of one head of one sequence of a group. */
interface Place {
  readonly batch: number;
  readonly head: number;
  readonly row: number;
}

/** The true values of some rows of a result, and those of plain f32 loops. */
export interface Truth {
  readonly places: readonly Place[];
  /** Total number of query rows. */
  readonly of: number;
  /** `dv` numbers per row. */
  readonly expected: Float64Array;
  readonly emulated: Float64Array;
  /** What WGSL's accuracy table allows in addition, in ulps of the result. */
  readonly allowed: number;
}

/** Multiply-adds that float64 and the emulation together do in about a second. */
const affordable = 15e6;

/** Kernels have tile edges at multiples of these rows. */
const tiles = [4, 8, 16, 32, 64, 128];

/**
 * The checked rows of a group: all if that takes less than a second, else a sample that is the same in every run: the
 * first and the last row, those at tile edges, and some between, alternating over heads and sequences.
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
    // A sample moves to the next row with each head, and covers every key head, then every sequence, as early as
    // possible.
    const row = rows[(all ? turn : place + turn) % rows.length] ?? 0;
    const head = (place % g) * (h / g) + Math.floor(place / (g * b));
    places.push({ batch: Math.floor(place / g) % b, head, row });
  }
  return places;
}

/** Keys `[s, d]` and values `[s, dv]` of a head of a sequence, in float64 and in plain f32 loops. */
type Rows = Readonly<Record<"exact" | "emulated", { readonly k: Values; readonly v: Values }>>;
type Values = Float32Array | Float64Array;

/**
 * A definition: the mean of values weighted by the softmax of the scores, or by products of features; or a recurrence,
 * which is another function.
 */
export type Definition = "softmax" | "linear" | RecurrenceName;

/** Number of heads whose keys are computed from latents: few, since that takes longer than the rest. */
const latentHeads = 4;

/** The checked rows of a latent case: those of a few distant heads. */
function latentPlaces(group: BatchGroup, heads: Heads): Place[] {
  const h = Math.min(latentHeads, heads.h);
  const few = placesOf(group, { ...heads, h, g: h }, affordable / 4);
  return few.map((place) => ({ ...place, head: Math.round((place.head * (heads.h - 1)) / Math.max(1, h - 1)) }));
}

/** Computes the true values of a group's rows. Yields to other work regularly; throws the reason of `signal`. */
export async function truthOf(
  given: AttentionCase,
  group: BatchGroup,
  numbers: GroupNumbers,
  definition: Definition = "softmax",
  signal?: AbortSignal,
): Promise<Truth> {
  const { heads, latent } = given;
  const { h, d, dv } = heads;
  const { count: b, t, s } = group;
  const budget = affordable / given.batch.groups.length;
  const places = latent ? latentPlaces(group, heads) : placesOf(group, heads, budget);
  const mask = maskIn(given.layout, given.mask.reference({ b, h, t, s }), s);
  const score = given.score.at({ b, h, t, s });
  const rowsOf = rowSource(given, group, numbers);
  if (definition !== "softmax" && definition !== "linear") {
    return recurrenceTruth({ given, group, numbers, places, definition, ...(signal ? { signal } : {}) });
  }
  const [expected, emulated] = [new Float64Array(places.length * dv), new Float64Array(places.length * dv)];
  let last = performance.now();
  for (const [i, { batch, head, row }] of places.entries()) {
    if (performance.now() - last > 50) {
      await new Promise((resolve) => setTimeout(resolve));
      signal?.throwIfAborted();
      last = performance.now();
    }
    const position = s - t + row;
    // Keys outside the run of visible ones have no effect, and are not converted.
    const [from, to] = mask.keyRange?.(position) ?? [0, s];
    const [first, end] = [Math.max(0, Math.min(from, s)), Math.max(0, Math.min(to, s))];
    if (end <= first) continue;
    const { exact, emulated: rounded } = rowsOf(batch, head);
    const q = dense([1, 1, 1, d], numbers.q.subarray(((batch * t + row) * h + head) * d).subarray(0, d));
    const tensors = ({ k, v }: Rows["exact"]) => ({
      q,
      k: dense([1, 1, end - first, d], k.subarray(first * d, end * d)),
      v: dense([1, 1, end - first, dv], v.subarray(first * dv, end * dv)),
    });
    if (definition === "linear") {
      const all = { mask: "full" as const }; // these are the keys that the query sees
      expected.set(linear(tensors(exact), all).out.values, i * dv);
      emulated.set(linearEmulation(tensors(rounded), all).out.values, i * dv);
      continue;
    }
    const visible = (_b: number, _h: number, _q: number, key: number) => mask(batch, head, position, first + key);
    const placed = (of: Score) => ({
      mask: visible,
      score: (value: number, _b: number, _h: number, _q: number, key: number) =>
        of(value, batch, head, position, first + key),
    });
    expected.set(reference(tensors(exact), placed(score.reference)).out.values, i * dv);
    emulated.set(emulation(tensors(rounded), placed(score.emulation)).out.values, i * dv);
  }
  return { places, of: b * h * t, expected, emulated, allowed: score.allowed };
}

/** What a recurrence gives: each head whole, of which the wanted rows are kept. */
async function recurrenceTruth({
  given,
  group,
  numbers,
  places,
  definition,
  signal,
}: {
  readonly given: AttentionCase;
  readonly group: BatchGroup;
  readonly numbers: GroupNumbers;
  readonly places: readonly Place[];
  readonly definition: RecurrenceName;
  readonly signal?: AbortSignal;
}): Promise<Truth> {
  const { h, d, dv } = given.heads;
  const { count: b, t } = group;
  const rowsOf = rowSource(given, group, numbers);
  const [expected, emulated] = [new Float64Array(places.length * dv), new Float64Array(places.length * dv)];
  for (const head of new Set(places.map((place) => place.batch * h + place.head))) {
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    const { exact } = rowsOf(Math.floor(head / h), head % h);
    const q = new Float32Array(t * d);
    for (let row = 0; row < t; row++) {
      const first = ((Math.floor(head / h) * t + row) * h + (head % h)) * d;
      q.set(numbers.q.subarray(first, first + d), row * d);
    }
    const found = trueRecurrence(definition, {
      q: dense([t, d], q),
      k: dense([t, d], exact.k.subarray(0, t * d)),
      v: dense([t, dv], exact.v.subarray(0, t * dv)),
    });
    for (const [i, { batch, head: own, row }] of places.entries()) {
      if (batch * h + own !== head) continue;
      expected.set(found.expected.values.subarray(row * dv, (row + 1) * dv), i * dv);
      emulated.set(found.emulated.values.subarray(row * dv, (row + 1) * dv), i * dv);
    }
  }
  return { places, of: b * h * t, expected, emulated, allowed: allowedInDecays(definition) };
}

/** The keys and values of a head: as stored, or computed once from the latents. */
function rowSource({ heads, latent }: AttentionCase, group: BatchGroup, numbers: GroupNumbers) {
  const { h, g, d, dv } = heads;
  if (!latent) {
    return (batch: number, head: number): Rows => {
      const start = (batch * g + Math.floor(head / (h / g))) * numbers.capacity;
      const end = start + group.s;
      const exact = { k: numbers.keys.subarray(start * d, end * d), v: numbers.values.subarray(start * dv, end * dv) };
      return { exact, emulated: exact };
    };
  }
  const made = new Map<string, Rows>();
  return (batch: number, head: number): Rows => {
    const key = `${batch} ${head}`;
    const expand = (round: (value: number) => number) => expandHead(numbers, group, heads, latent, batch, head, round);
    const rows = made.get(key) ?? { exact: expand((value) => value), emulated: expand(Math.fround) };
    made.set(key, rows);
    return rows;
  };
}
