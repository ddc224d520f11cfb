// One of every kind of mask, and of every score, for one shape.
import type { MaskDescription, ScoreDescription } from "../../reference/described.ts";
import { randomSource } from "../random.ts";
import { floats, words } from "./attention-problem.ts";

/** The shape that tensors are made for, and how long the shortest windows are. */
export interface ExampleShape {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  readonly unit: number;
}

const from = (size: number, value: (i: number) => number) => Array.from({ length: size }, (_, i) => value(i));

/** Words of which a third are not 0. */
function flags(shape: readonly number[], seed: number) {
  const { integer } = randomSource(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return words(
    shape,
    from(size, () => (integer(3) === 0 ? 1 + integer(5) : 0)),
  );
}

function numbers(shape: readonly number[], seed: number) {
  const { normal } = randomSource(seed);
  const size = shape.reduce((product, length) => product * length, 1);
  return floats(shape, from(size, normal));
}

/** A user's mask that says neither its ranges nor its full tiles. */
const evenDistances: MaskDescription = {
  kind: "custom",
  wgsl: "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return ((q ^ k) & 1) == 0; }",
  twin: (_b, _h, q, k) => ((q ^ k) & 1) === 0,
};

/** A user's mask with all that one may say: keys whose distance has few bits. */
const fewBits = (unit: number): MaskDescription => ({
  kind: "custom",
  wgsl: `// Keys whose distance has few bits.
struct Bits { most: u32 }
@group(2) @binding(5) var<uniform> bits: Bits;
const REACH: i32 = ${3 * unit};
fn bits_of(distance: i32) -> u32 {
  var count = 0u;
  for (var i = 0u; i < 10; i++) { count += (u32(distance) >> i) & 1; }
  return count;
}
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  let distance = i32(q) - i32(k);
  return distance >= 0 && distance <= REACH && bits_of(distance) <= bits.most + h % 3;
}
fn key_range(b: u32, first: u32, last: u32, keys: u32) -> vec2u {
  return vec2u(u32(max(i32(first) - REACH, 0)), u32(clamp(i32(last) + 1, 0, i32(keys))));
}
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool {
  return first_query == last_query && first_key == last_key && first_query == first_key;
}`,
  params: { most: 1 },
  twin: (_b, head, query, key) => {
    const distance = query - key;
    if (distance < 0 || distance > 3 * unit) return false;
    return [...distance.toString(2)].filter((bit) => bit === "1").length <= 1 + (head % 3);
  },
});

const pattern = [1, 0, 1, 1, 0, 0, 1];

/** A user's mask with a tensor, which says no more than it must. */
const table: MaskDescription = {
  kind: "custom",
  wgsl: `@group(2) @binding(0) var<storage, read> pattern: array<u32>;
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return pattern[(k + b) % 7] != 0; }`,
  tensors: { pattern: words([7], pattern) },
  twin: (batch, _h, _q, key) => pattern[(key + batch) % 7] === 1,
};

/** Masks by name. */
export function maskExamples({ b, h, t, s, unit }: ExampleShape): Readonly<Record<string, MaskDescription>> {
  // Lengths differ from batch row to batch row.
  const documents = words(
    [b, s],
    from(b * s, (i) => Math.floor((i % s) / (unit * (i < s ? 3 : 2)))),
  );
  const branches = words(
    [b, s],
    from(b * s, (i) => Math.floor(((i % s) + (i < s ? 0 : unit)) / (2 * unit))),
  );
  const ranges = words(
    [b, 2],
    from(b * 2, (i) => (i % 2 === 0 ? (i === 0 ? unit + 1 : 0) : i === 1 ? s : Math.floor(s / 2))),
  );
  const rows = (size: number) => Math.ceil(s / size) - 1; // less than there are: nothing is seen outside
  return {
    full: "full",
    causal: "causal",
    "window of one key": { kind: "sliding-window", keys: 1 },
    window: { kind: "sliding-window", keys: 2 * unit },
    local: { kind: "local", left: unit + 1, right: unit },
    "sink window": { kind: "sink-window", sinks: 2, keys: unit + 1 },
    "sink window without sinks": { kind: "sink-window", sinks: 0, keys: unit + 1 },
    prefix: { kind: "prefix", keys: 2 * unit + 1 },
    document: { kind: "document", documents },
    "shared prefix": { kind: "shared-prefix", prefix: unit + 2, branches },
    "block-sparse, one map": { kind: "block-sparse", map: flags([1, 1, rows(unit * 3), 3], 1), size: unit * 3 },
    "block-sparse, a map for each": { kind: "block-sparse", map: flags([b, h, 3, rows(unit)], 2), size: unit },
    "strided, paper, set 1": { kind: "strided", stride: 2 * unit, set: 1 },
    "strided, paper, set 2": { kind: "strided", stride: 2 * unit, set: 2 },
    "strided, paper, merged": { kind: "strided", stride: 2 * unit },
    "strided by one": { kind: "strided", stride: 1, set: 2 },
    "strided, code, set 1": { kind: "strided", stride: 2 * unit, set: 1, definition: "code" },
    "strided, code, merged": { kind: "strided", stride: 2 * unit, definition: "code" },
    "fixed, paper, set 1": { kind: "fixed", stride: 5, summary: 2, set: 1 },
    "fixed, paper, set 2": { kind: "fixed", stride: 3 * unit, summary: 2, set: 2 },
    "fixed, paper, merged": { kind: "fixed", stride: 3 * unit, summary: 2 },
    "fixed, paper, two turns": { kind: "fixed", stride: 2 * unit, summary: 2, set: 2, turns: 2 },
    "fixed, code": { kind: "fixed", stride: 4 * unit, summary: 2, definition: "code" },
    "dilated window": { kind: "dilated-window", keys: 3 * unit + 1, dilation: 3 },
    "dilated window, dilation 1": { kind: "dilated-window", keys: 3 * unit + 1, dilation: 1 },
    chunked: { kind: "chunked", keys: 2 * unit + 1 },
    "key padding": { kind: "key-padding", ranges },
    "boolean, one for all": { kind: "boolean", keep: flags([1, 1, t, s], 3) },
    "boolean, one for each": { kind: "boolean", keep: flags([b, h, t, s], 4) },
    "causal and document": { and: ["causal", { kind: "document", documents }] },
    "window and key padding": {
      and: [
        { kind: "sliding-window", keys: 3 * unit },
        { kind: "key-padding", ranges },
      ],
    },
    "chunked or prefix": {
      or: [
        { kind: "chunked", keys: 5 },
        { kind: "prefix", keys: 2 },
      ],
    },
    "causal and (document or every third)": {
      and: [
        "causal",
        {
          or: [
            { kind: "document", documents },
            { kind: "strided", stride: 3, set: 2 },
          ],
        },
      ],
    },
    "window or far window": {
      or: [
        { kind: "sliding-window", keys: 2 },
        { and: [{ kind: "dilated-window", keys: 8 * unit, dilation: 4 }, "causal"] },
      ],
    },
    "prefix or window": {
      or: [
        { kind: "prefix", keys: unit },
        { kind: "sliding-window", keys: 2 },
      ],
    },
    "a user's own, with all it may say": fewBits(unit),
    "a user's own, and nothing more": evenDistances,
    "a user's own table, and causal": { and: ["causal", table] },
  };
}

/** A user's score that differs from batch row to batch row and from head to head. */
const ownScore: ScoreDescription = {
  kind: "custom",
  wgsl: `fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score * (1.0 + 0.25 * f32(b)) - 0.5 * f32(h * (k % 3)) + 0.125 * f32(q % 2);
}`,
  twin: (score, b, h, q, k) => score * (1 + 0.25 * b) - 0.5 * h * (k % 3) + 0.125 * (((q % 2) + 2) % 2),
};

/** Scores by name. */
export function scoreExamples({ b, h, t, s, unit }: ExampleShape): Readonly<Record<string, ScoreDescription>> {
  const slopes = floats(
    [h],
    from(h, (i) => 2 ** -(i + 1)),
  );
  const softcap = { kind: "softcap", cap: 1.5 } as const;
  return {
    softcap,
    "alibi by distance": { kind: "alibi", slopes },
    "alibi by difference": { kind: "alibi", slopes, convention: "difference" },
    "relative bias": { kind: "relative-bias", table: numbers([h, unit], 5) },
    "bias, one for all": { kind: "bias", bias: numbers([1, 1, t, s], 6) },
    "bias, one for each": { kind: "bias", bias: numbers([b, h, t, s], 7) },
    "head bias": { kind: "head-bias", bias: numbers([h], 8) },
    "softcap, then alibi, then a bias of each head": [
      softcap,
      { kind: "alibi", slopes },
      { kind: "head-bias", bias: numbers([h], 9) },
    ],
    "a bias of each head, then softcap": [{ kind: "head-bias", bias: numbers([h], 9) }, softcap],
    "a user's own": ownScore,
  };
}
