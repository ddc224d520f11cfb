// One of every kind of mask, and of every score, for one shape.
import type { MaskDescription, ScoreDescription } from "../../../reference/described.ts";
import { examplesOf, maskRecords, scoreRecords } from "../../attention-records.ts";
import { randomSource } from "../../random.ts";
import { floats, words } from "./problem.ts";

/** The shape for which tensors are made, and the length of the shortest windows. */
export interface ExampleShape {
  readonly b: number;
  readonly h: number;
  readonly t: number;
  readonly s: number;
  readonly unit: number;
}

/** A user's mask that defines neither ranges nor full tiles. */
const evenDistances: MaskDescription = {
  kind: "custom",
  wgsl: "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return ((q ^ k) & 1) == 0; }",
  twin: (_b, _h, q, k) => ((q ^ k) & 1) === 0,
};

/** A user's mask with all optional functions: keys whose distance has few bits. */
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

/** A user's mask with a tensor and only the required function. */
const table: MaskDescription = {
  kind: "custom",
  wgsl: `@group(2) @binding(0) var<storage, read> pattern: array<u32>;
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return pattern[(k + b) % 7] != 0; }`,
  tensors: { pattern: words([7], pattern) },
  twin: (batch, _h, _q, key) => pattern[(key + batch) % 7] === 1,
};

/** Masks by name: those of the records, joined ones, and a user's own. */
export function maskExamples(shape: ExampleShape): Readonly<Record<string, MaskDescription>> {
  const { unit } = shape;
  const single = examplesOf<MaskDescription>(maskRecords, shape);
  const named = (name: string) => single[name] ?? "full";
  return {
    ...single,
    "causal and document": { and: ["causal", named("document")] },
    "window and key padding": {
      and: [{ kind: "sliding-window", keys: 3 * unit }, named("key padding")],
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
          or: [named("document"), { kind: "strided", stride: 3, set: 2 }],
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
}
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0 + 0.25 * f32(b); }`,
  twin: (score, b, h, q, k) => score * (1 + 0.25 * b) - 0.5 * h * (k % 3) + 0.125 * (((q % 2) + 2) % 2),
};

/** A user's score that is not linear, with a parameter, and a function that the score and its derivative call. */
const bend: ScoreDescription = {
  kind: "custom",
  wgsl: `struct Bend { reach: f32 }
@group(2) @binding(0) var<uniform> bend: Bend;
fn reach_at(k: u32) -> f32 { return bend.reach + 0.5 * f32(k % 3); }
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 3.0 * score / (reach_at(k) + abs(score)); }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let whole = reach_at(k) + abs(score);
  return 3.0 * reach_at(k) / (whole * whole);
}`,
  params: { reach: 2.5 },
  twin: (score, _b, _h, _q, k) => (3 * score) / (2.5 + 0.5 * (k % 3) + Math.abs(score)),
};

/** Scores by name: those of the records, chains, and a user's own. */
export function scoreExamples(shape: ExampleShape): Readonly<Record<string, ScoreDescription>> {
  const { none: _, ...single } = examplesOf<ScoreDescription>(scoreRecords, shape);
  const named = (name: string) => single[name] ?? "none";
  const { normal } = randomSource(9);
  const headBias = { kind: "head-bias", bias: floats([shape.h], Array.from({ length: shape.h }, normal)) } as const;
  return {
    ...single,
    "softcap, then alibi, then a bias of each head": [named("softcap"), named("alibi by distance"), headBias],
    "a bias of each head, then softcap": [headBias, named("softcap")],
    "a user's own": ownScore,
    "a user's own that bends, a bias of each head, and another's own": [bend, headBias, ownScore],
  };
}
