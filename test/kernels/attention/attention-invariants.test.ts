// What results of masks, scores and sinks must have in common, whatever they are.
import { describe, expect, test } from "vitest";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type AttentionMask, type AttentionOptions, attention } from "../../../src/kernels/attention/attention.ts";
import { alibiSlopes } from "../../../src/kernels/attention/scores/alibi.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testBeside } from "../../support/devices/side-by-side.ts";

const gpu = await testGpu({ features: [] });
const [h, g, s, d] = [4, 2, 150, 32];
const random = (on: Gpu, shape: readonly number[], seed: number) =>
  tensor(
    on,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );
const inputs = (on: Gpu) => ({
  q: random(on, [1, h, s, d], 1),
  k: random(on, [1, g, s, d], 2),
  v: random(on, [1, g, s, d], 3),
});
type Inputs = ReturnType<typeof inputs>;
const at = (x: Tensor, begin: number, end: number) => slice(x, 2, begin, end);
const words = (on: Gpu, shape: readonly number[], values: readonly number[]) => tensor(on, shape, values, "u32");
const lengths = [31, 7, 64, 48];

describe.each(["naive", "rows"] as const)("attention %s", (variant) => {
  const runOn = async (own: Gpu, options: AttentionOptions & { sink?: Tensor }, given: Inputs) => {
    const { sink, ...rest } = options;
    const { out, lse } = attention(own, { ...given, sink }, { ...rest, variant, lse: true });
    return { out: await out.read(), lse: (await lse?.read()) ?? new Float64Array() };
  };

  const device = () => gpu;
  testBeside("documents in one sequence are what each is alone", device, async (own) => {
    const { q, k, v } = inputs(own);
    const run = (options: AttentionOptions & { sink?: Tensor }, given: Inputs = { q, k, v }) =>
      runOn(own, options, given);
    const documents = words(
      own,
      [1, s],
      lengths.flatMap((length, document) => new Array(length).fill(7 * document + 3)),
    );
    const { out, lse } = await run({ mask: { and: ["causal", { kind: "document", documents }] } });
    let begin = 0;
    for (const length of lengths) {
      const [from, end] = [begin, begin + length];
      const alone = await run({}, { q: at(q, from, end), k: at(k, from, end), v: at(v, from, end) });
      const part = (values: Float64Array, width: number) =>
        Float64Array.from({ length: h * length * width }, (_, i) => {
          const [head, rest] = [Math.floor(i / (length * width)), i % (length * width)];
          return values[(head * s + from) * width + rest] ?? Number.NaN;
        });
      assertClose(part(out, d), alone.out, nmseCaps.f32, `out of ${from}`);
      assertClose(part(lse, 1), alone.lse, nmseCaps.f32, `lse of ${from}`);
      begin = end;
    }
  });

  testBeside("a mask is what it is by pairs: chunks by blocks and causal", device, async (own) => {
    const { q, k, v } = inputs(own);
    const run = (options: AttentionOptions & { sink?: Tensor }, given: Inputs = { q, k, v }) =>
      runOn(own, options, given);
    const count = Math.ceil(s / 16);
    const flags = Array.from({ length: count * count }, (_, i) => Number(i % (count + 1) === 0));
    const map = words(own, [1, 1, count, count], flags);
    const chunked = await run({ mask: { kind: "chunked", keys: 16 } });
    const sparse = await run({ mask: { and: ["causal", { kind: "block-sparse", map, size: 16 }] } });
    assertClose(sparse.out, chunked.out, nmseCaps.f32, "out");
    assertClose(sparse.lse, chunked.lse, nmseCaps.f32, "lse");
  });

  testBeside("the two definitions of the strided window differ by a key, merged they are one", device, async (own) => {
    const { q, k, v } = inputs(own);
    const run = (options: AttentionOptions & { sink?: Tensor }, given: Inputs = { q, k, v }) =>
      runOn(own, options, given);
    const strided = (definition: "paper" | "code", set: 1 | "merged"): AttentionMask => ({
      kind: "strided",
      stride: 10,
      set,
      definition,
    });
    const [paper, code] = [await run({ mask: strided("paper", 1) }), await run({ mask: strided("code", 1) })];
    expect(paper.out).toEqual((await run({ mask: { kind: "sliding-window", keys: 11 } })).out);
    expect(code.out).toEqual((await run({ mask: { kind: "sliding-window", keys: 10 } })).out);
    expect((await run({ mask: strided("paper", "merged") })).out).toEqual(
      (await run({ mask: strided("code", "merged") })).out,
    );
  });

  testBeside("a sink of minus infinity is none, and a large one takes all", device, async (own) => {
    const { q, k, v } = inputs(own);
    const run = (options: AttentionOptions & { sink?: Tensor }, given: Inputs = { q, k, v }) =>
      runOn(own, options, given);
    const sinkOf = (value: number) => tensor(own, [h], new Array(h).fill(value));
    const without = await run({});
    const nothing = await run({ sink: sinkOf(Number.NEGATIVE_INFINITY) });
    expect(nothing.out).toEqual(without.out);
    expect(nothing.lse).toEqual(without.lse);
    const all = await run({ sink: sinkOf(200) });
    expect(all.out.every((value) => value === 0)).toBe(true);
    expect(all.lse.every((value) => value === 200)).toBe(true);
    const { out, lse } = await run({ sink: sinkOf(1.5) });
    const share = (row: number) => 1 / (1 + Math.exp(1.5 - (without.lse[row] ?? 0)));
    assertClose(
      out,
      without.out.map((value, i) => value * share(Math.floor(i / d))),
      nmseCaps.f32,
      "out",
    );
    assertClose(
      lse,
      without.lse.map((value) => Math.log(Math.exp(value) + Math.exp(1.5))),
      nmseCaps.f32,
      "lse",
    );
  });

  testBeside("a row that sees nothing has the sink's log-sum-exp", device, async (own) => {
    const { q, k, v } = inputs(own);
    const run = (options: AttentionOptions & { sink?: Tensor }, given: Inputs = { q, k, v }) =>
      runOn(own, options, given);
    const sink = tensor(own, [h], [1, 2, 3, 4]);
    const { out, lse } = await run({ sink, start: 1000, mask: { kind: "sliding-window", keys: 2 } });
    expect(out.every((value) => value === 0)).toBe(true);
    expect(lse).toEqual(Float64Array.from({ length: h * s }, (_, i) => 1 + Math.floor(i / s)));
  });
});

test("ALiBi's slopes for any number of heads", () => {
  expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
  // The released code takes the slopes of the next power of two, every other one.
  expect(alibiSlopes(3)).toEqual([2 ** -4, 2 ** -8, 2 ** -2]);
  expect(alibiSlopes(12)).toEqual([
    ...alibiSlopes(8),
    ...alibiSlopes(16)
      .filter((_, i) => i % 2 === 0)
      .slice(0, 4),
  ]);
  expect(alibiSlopes(1)).toEqual([2 ** -8]);
});

test("both conventions of ALiBi are one under a causal mask", async () => {
  const { q, k, v } = inputs(gpu);
  const slopes = tensor(gpu, [h], alibiSlopes(h));
  const run = (convention: "distance" | "difference") =>
    attention(gpu, { q, k, v }, { variant: "naive", score: { kind: "alibi", slopes, convention } }).out.read();
  expect(await run("distance")).toEqual(await run("difference"));
});
