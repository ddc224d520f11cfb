// A user's scores with tensors that have gradients, and the elements that each reads.
import type { ScoreTensor } from "../../../reference/attention/attention.ts";
import { at, type Dense } from "../../../reference/dense.ts";
import type { ScoreDescription } from "../../../reference/described.ts";
import { stored } from "../../attention-records.ts";
import { normal } from "../../random.ts";

interface Named extends ScoreTensor {
  /** Its path in the description. */
  readonly name: string;
}

const known = new WeakMap<object, readonly Named[]>();

/** The tensors of such a score, by their paths in it. */
export const ownTensors = (score: object): readonly Named[] => known.get(score) ?? [];

const drawn = (shape: readonly number[], seed: number): Dense =>
  stored(
    {
      shape,
      values: normal(
        shape.reduce((n, size) => n * size, 1),
        seed,
      ),
    },
    "f32",
  );

const one = () => 1;

/**
 * A factor of each distance and of each head, whose slope depends on the score, and a number added to the scores of
 * every third key: tensors of which all pairs, or some pairs, read an element.
 */
export function ownTable(heads: number, distances: number): ScoreDescription {
  const [factor, third] = [drawn([heads, distances], 31), drawn([2, heads], 32)];
  const distance = (query: number, key: number) => Math.min(Math.abs(query - key), distances - 1);
  const factorOf = (h: number, q: number, k: number) => h * distances + distance(q, k);
  const score = {
    kind: "custom",
    wgsl: `struct Sizes { heads: u32, distances: u32 }
@group(2) @binding(0) var<storage, read> factor: array<f32>;
@group(2) @binding(1) var<storage, read> third: array<f32>;
@group(2) @binding(2) var<uniform> sizes: Sizes;
fn factor_element(b: u32, h: u32, q: u32, k: u32) -> u32 {
  return h * sizes.distances + min(u32(abs(i32(q) - i32(k))), sizes.distances - 1);
}
fn factor_slope(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score; }
fn third_element(b: u32, h: u32, q: u32, k: u32) -> u32 {
  if (k % 3 != 0) { return 0xffffffffu; }
  return (k % 2) * sizes.heads + h;
}
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  let scaled = score * factor[factor_element(b, h, q, k)];
  if (k % 3 != 0) { return scaled; }
  return scaled + third[third_element(b, h, q, k)];
}
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return factor[factor_element(b, h, q, k)];
}`,
    params: { heads, distances },
    tensors: { factor, third },
    twin: (value: number, _b: number, h: number, q: number, k: number) =>
      value * at(factor.values, factorOf(h, q, k)) + (k % 3 === 0 ? at(third.values, (k % 2) * heads + h) : 0),
  } as const;
  const thirdOf = (h: number, k: number) => (k % 3 === 0 ? (k % 2) * heads + h : -1);
  known.set(score, [
    {
      name: "tensors.factor",
      shape: factor.shape,
      element: (_b, h, q, k) => factorOf(h, q, k),
      slope: (value) => value,
    },
    { name: "tensors.third", shape: third.shape, element: (_b, h, _q, k) => thirdOf(h, k), slope: one },
  ]);
  return score;
}

/** A number added to every pair of a head, of `[heads, queries, keys]`: as many elements as pairs of one sequence. */
export function ownPairs(heads: number, queries: number, keys: number): ScoreDescription {
  const bias = drawn([heads, queries, keys], 33);
  const start = keys - queries;
  const elementOf = (h: number, q: number, k: number) => (h * queries + q - start) * keys + k;
  const score = {
    kind: "custom",
    wgsl: `struct Sizes { queries: u32, keys: u32 }
@group(2) @binding(0) var<storage, read> bias: array<f32>;
@group(2) @binding(1) var<uniform> sizes: Sizes;
fn bias_element(b: u32, h: u32, q: u32, k: u32) -> u32 {
  return (h * sizes.queries + q + sizes.queries - sizes.keys) * sizes.keys + k;
}
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score + bias[bias_element(b, h, q, k)]; }
fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return 1.0; }`,
    params: { queries, keys },
    tensors: { bias },
    twin: (value: number, _b: number, h: number, q: number, k: number) => value + at(bias.values, elementOf(h, q, k)),
  } as const;
  known.set(score, [
    { name: "tensors.bias", shape: bias.shape, element: (_b, h, q, k) => elementOf(h, q, k), slope: one },
  ]);
  return score;
}
