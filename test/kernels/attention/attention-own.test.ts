// Masks and scores of a user's own on a device: what they are given, and what a range of keys that is wrong may do.
import { expect, test } from "vitest";
import { assertClose } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { type AttentionMask, type AttentionScore, attention } from "../../../src/kernels/attention/attention.ts";
import { attention as defined } from "../../../src/reference/attention/attention.ts";
import { dense } from "../../../src/reference/dense.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu();
const sizes = { q: [2, 2, 40, 32], k: [2, 1, 80, 32], v: [2, 1, 80, 32] } as const;
const length = 37; // of 80: what comes after is NaN
const count = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const values = (shape: readonly number[], seed: number) =>
  normal(count(shape), seed).map((x, i) => (shape[2] === 80 && Math.floor(i / 32) % 80 >= length ? Number.NaN : x));
const given = { q: values(sizes.q, 1), k: values(sizes.k, 2), v: values(sizes.v, 3) };
const inputs = {
  q: tensor(gpu, sizes.q, given.q),
  k: tensor(gpu, sizes.k, given.k),
  v: tensor(gpu, sizes.v, given.v),
};
const variants = [...attention.survey(gpu, inputs, { length, mask: "full" })].flatMap(([variant, reason]) =>
  reason === undefined ? [variant as keyof typeof attention.variants] : [],
);
const read = async (x: Tensor) => [...(await x.read())];

/** Ranges of keys that are wrong, whether they say that tiles of keys are whole, and the keys that a query then sees. */
const lies: readonly (readonly [range: string, full: boolean, seen: "all" | "none"])[] = [
  ["vec2u(0, 0xffffffffu)", true, "all"],
  ["vec2u(0, keys + 64u)", true, "all"],
  ["vec2u(0, keys)", true, "all"],
  ["vec2u(keys + 3u, keys + 9u)", false, "none"],
  ["vec2u(0xffffffffu, 0xffffffffu)", true, "none"],
  ["vec2u(9u, 0u)", true, "none"],
  ["vec2u(0xfffffff0u, 4u)", false, "none"],
];
const [honest, ordered] = [lies.length, lies.length + 1];

// One text for both tests, since compiling it takes longer than all else: all keys, by one of the lies or honestly; or
// other keys for each batch row, head and query.
const wgsl = `struct P { range: u32, full: u32 }
@group(2) @binding(0) var<uniform> params: P;
fn last(b: u32, q: u32) -> u32 { return select(q / 2u, q, b == 1u); }
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  return params.range != ${ordered}u || (k <= last(b, q) && (h == 0u || k % 3u != 1u));
}
fn key_range(b: u32, first: u32, last_query: u32, keys: u32) -> vec2u {
  switch (params.range) {
    ${lies.map(([range], i) => `case ${i}u: { return ${range}; }`).join(" ")}
    case ${ordered}u: { return vec2u(0u, last(b, last_query) + 1u); }
    default: { return vec2u(0u, keys); }
  }
}
fn tile_full(b: u32, first_query: u32, last_query: u32, first_key: u32, last_key: u32) -> bool { return params.full == 1u; }`;
const maskOf = (range: number, full = false): AttentionMask => ({
  kind: "custom",
  wgsl,
  params: { range, full: Number(full) },
});
const scoreBy = (by: number): AttentionScore => ({
  kind: "custom",
  wgsl: `struct S { by: f32 }
@group(2) @binding(0) var<uniform> own: S;
fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 {
  return score + own.by * (0.5 * f32(b) - 0.3 * f32(h) * f32(k) + 0.01 * f32(q * k));
}`,
  params: { by },
});

test("it is given batch row, head, query and key, in this order", async () => {
  const [mask, score] = [maskOf(ordered), scoreBy(1)];
  const [q, k, v] = [dense(sizes.q, given.q), dense(sizes.k, given.k), dense(sizes.v, given.v)];
  const { out } = defined(
    { q, k, v },
    {
      length,
      start: 0,
      mask: (b, h, q, k) => k <= (b === 1 ? q : Math.floor(q / 2)) && (h === 0 || k % 3 !== 1),
      score: (score, b, h, q, k) => score + 0.5 * b - 0.3 * h * k + 0.01 * q * k,
    },
  );
  for (const variant of variants) {
    const found = await read(attention(gpu, inputs, { variant, length, start: 0, mask, score }).out);
    assertClose(Float64Array.from(found), out.values, 1e-9, variant);
  }
});

test("a mask that lies of its keys reads none that are not there", async () => {
  const score = scoreBy(0);
  const before = await Promise.all(Object.values(inputs).map(read));
  for (const variant of variants) {
    const full = await read(attention(gpu, inputs, { variant, length, mask: maskOf(honest), score }).out);
    expect(full.every(Number.isFinite), variant).toBe(true);
    for (const [lie, [range, saysFull, seen]] of lies.entries()) {
      const mask = maskOf(lie, saysFull);
      const out = await read(attention(gpu, inputs, { variant, length, mask, score }).out);
      const isFull = out.every((value, i) => Math.abs(value - (full[i] ?? Number.NaN)) < 1e-5);
      const what = isFull ? "all" : out.every((value) => value === 0) ? "none" : "neither";
      expect(out.every(Number.isFinite), `${variant}: ${range}`).toBe(true);
      // The naive variant goes over all keys and needs no range; a map of tiles holds whole ones, of which a range that
      // contradicts its mask may leave any.
      if (variant === "blocks" && seen === "none") continue;
      expect(what, `${variant}: ${range}`).toBe(variant === "naive" ? "all" : seen);
    }
  }
  expect(await Promise.all(Object.values(inputs).map(read))).toEqual(before);
});
