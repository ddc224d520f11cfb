// What a user's text may do, how its errors show it, and what it shares with others.
import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { ShaderError } from "../../../src/gpu/errors.ts";
import { type AttentionMask, attention } from "../../../src/kernels/attention/attention.ts";
import { ShapeError } from "../../../src/tensor/shape.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });
const [q, k, v] = [1, 2, 3].map((seed) => tensor(gpu, [1, 2, 9, 16], normal(288, seed))) as [never, never, never];
const run = (options: { mask?: AttentionMask; variant?: "naive" | "flash" }) =>
  attention(gpu, { q, k, v }, { variant: "naive", ...options });

const signature = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool";
const maskOf = (wgsl: string): AttentionMask => ({ kind: "custom", wgsl });
const body = (statements: string) => `${signature} {\n  ${statements}\n  return k <= q;\n}`;

test("what a text may do: every corner of it in one mask, which sees what causal sees", async () => {
  // naga takes arrays of an alias for another type than those of what it stands for, so a value is of one of them
  // alone.
  const wgsl = `/* A comment: /* nested */ enable f16; */
alias Index = u32;  alias List = array<vec2<Index>>;
struct Params { limit: Index, first: i32 }
@group(2) @binding(3) var<uniform> params: Params;
@group(1 + 1) @binding(0) var<storage> list: List;
const LIMIT = max(2u, HALF * 2u);  const HALF: Index = 2u;
struct Pair { a: array<u32, 4>, b: vec2<f32> }
fn min(a: Index, b: Index) -> Index { return a + b; }
@must_use fn last_of(pair: Pair) -> Index { return pair.a[LIMIT - 1u]; }
fn later(k: Index) -> Index {
  var sum: array<u32, 4>;
  for (var i = 0u; i < LIMIT; i++) {
    var i = k;  // hides the counter, and is changed
    i += 1u;
    (sum)[0] = i;
  }
  for (var i: Index = 4u; i > 1; i -= 3u) { if (i == 4u) { continue; } }
  for (var i = 3; i >= 0; i--) { sum[i] += u32(i); if (i < 2) { break; } }
  var pair = Pair(sum, vec2f());
  pair.b.x = -1.5e-3f;
  _ = length(pair.b) + step(0.5, 1.0);
  switch (k % 3u) { case 0u, 1u: { pair.a[0] -= 1u; } default { pair.a[0]--; } }
  { let k = last_of(pair) - 3u; _ = k; }
  return select(0u, pair.a[0], arrayLength(&list) > 0u);
}
fn mask_mod(b: u32, h: Index, q: u32, k: u32) -> bool {
  const_assert LIMIT == 4u;
  let none = list[0].x + u32(params.first) + params.limit;
  return min(later(k), none) <= q;
}`;
  const tensors = { list: tensor(gpu, [1, 2], [0, 0], "u32") };
  const mask: AttentionMask = { kind: "custom", wgsl, params: { limit: 0, first: 0 }, tensors };
  const [own, same] = [run({ mask }), run({ mask: "causal" })];
  expect(await own.out.read()).toEqual(await same.out.read());
});

test("names that were set apart are shown as they were written, with the caret in its place", async () => {
  const wgsl = `fn tile(weights: u32) -> u32 { return weights; }
struct Params { out: u32 }
${signature} { return tile(Params(1u).out) == tile(q).lost; }`;
  for (const mask of [maskOf(wgsl), { or: [{ and: [maskOf(wgsl)] }] }] as AttentionMask[]) {
    const error = await run({ mask, variant: "flash" })
      .out.read()
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(ShaderError);
    expect(error).toMatchObject({ line: 3 });
    const shown = String(error).split("\n");
    const row = shown.findIndex((text) => text.startsWith("    3 | "));
    expect(shown[row]).toBe(`    3 | ${wgsl.split("\n")[2]}`);
    const caret = shown[row + 1]?.indexOf("^") ?? 0;
    expect(shown[row]?.slice(caret)).toMatch(/^(tile\(q\))?\.?lost/);
    expect(String(error)).not.toMatch(/own_mask|mask0/);
  }
});

test("texts that are joined share the limit of operations", () => {
  const own = (turns: number) => maskOf(body(`for (var i = 0u; i < ${turns}u; i++) {}`));
  expect(() => run({ mask: { and: [own(10_000), own(10_000), own(10_000)] } })).not.toThrow();
  const many = () => run({ mask: { and: [own(12_000), { or: [own(12_000), own(12_000)] }] } });
  expect(many).toThrow(ShapeError);
  expect(many).toThrow(/makes 72\d+ operations for every pair of a query and a key, expected at most 65536/);
});
