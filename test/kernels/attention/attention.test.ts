import { describe, expect, test } from "vitest";
import { casesTagged, hasTag } from "../../../src/check/case-table.ts";
import { attentionCases } from "../../../src/check/cases/attention/attention.ts";
import { longRowProblem } from "../../../src/check/cases/attention/problem.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { normal } from "../../../src/check/random.ts";
import { stepOf } from "../../../src/check/step.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type AttentionOptions, type AttentionTensors, attention } from "../../../src/kernels/attention/attention.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { slice, transpose } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testBeside } from "../../support/devices/side-by-side.ts";
import { portable } from "../../support/numbers/portable.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu({ features: [] });
// Blocks and packed are flash by another list of tiles and by other rows: their pipelines are as many again, and a few
// of them do. splitK is for few queries: its head widths are those of one query.
const { cases } = attentionCases;
const table = (variants: typeof attentionCases.variants, some = cases) => ({
  ...attentionCases,
  variants,
  cases: some,
});
const variants = portable(attention);
testCases(() => gpu, table(variants.filter((variant) => !["blocks", "packed", "splitK"].includes(variant))), {
  seldom: ["flash"],
});
for (const [variant, some] of [
  ["splitK", cases.filter((item) => !hasTag(item, "head-width"))],
  ["blocks", casesTagged(cases, "tile-lists")],
  ["packed", casesTagged(cases, "packed-heads")],
] as const) {
  testCases(() => gpu, table([variant], some), { seldom: [variant] });
}
if (process.env["SHADERFORMER_FULL"] === "1") {
  testCases(() => gpu, table(variants, [longRowProblem(131_072)]));
}

const random = (shape: readonly number[], seed: number, on: Gpu = gpu) =>
  tensor(
    on,
    shape,
    normal(
      shape.reduce((size, axis) => size * axis, 1),
      seed,
    ),
  );

describe.each(variants)("attention %s", (variant) => {
  // As in the cases, so that they share their pipelines.
  const [b, h, g, t, s, d] = [3, 4, 2, 5, 64, 64];
  const lse = true;
  const device = () => gpu;
  const rows = [
    [20, 5],
    [3, 2],
    [59, 5],
  ] as const;

  // flashPlain takes no step, and no mask other than causal.
  const general = variant === "flashPlain" ? () => {} : testBeside;
  general("a batch row is bitwise what it is alone", device, async (own) => {
    const [q, k, v] = [random([b, h, t, d], 1, own), random([b, g, s, d], 2, own), random([b, g, s, d], 3, own)];
    const { out } = attention(own, { q, k, v, step: stepOf(own, rows) }, { variant, lse });
    const together = await out.read();
    for (const [row, place] of rows.entries()) {
      const single = attention(
        own,
        {
          q: slice(q, 0, row, row + 1),
          k: slice(k, 0, row, row + 1),
          v: slice(v, 0, row, row + 1),
          step: stepOf(own, [place]),
        },
        { variant, lse },
      );
      expect(await single.out.read()).toEqual(together.slice(row * h * t * d, (row + 1) * h * t * d));
    }
  });

  // Tests of blocks alone are in attention-blocks.test.ts; its arithmetic is that of flash.
  const alone = variant === "blocks" ? () => {} : testBeside;
  const merged = variant === "flashPlain" ? general : alone;
  merged("two halves of the keys, merged by their log-sum-exp, are the whole", device, async (own) => {
    const [q, k, v] = [random([1, h, t, d], 1, own), random([1, g, s, d], 2, own), random([1, g, s, d], 3, own)];
    const run = async (begin: number, end: number) => {
      const options = { variant, lse: true, scale: 1.5, start: 50 - begin } as const;
      const { out, lse } = attention(own, { q, k: slice(k, 2, begin, end), v: slice(v, 2, begin, end) }, options);
      return { out: await out.read(), lse: (await lse?.read()) ?? new Float64Array() };
    };
    const [left, right, whole] = [await run(0, 28), await run(28, s), await run(0, s)];
    const lse = left.lse.map((value, row) => Math.log(Math.exp(value) + Math.exp(right.lse[row] ?? 0)));
    const merged = left.out.map((value, i) => {
      const row = Math.floor(i / d);
      const share = Math.exp((left.lse[row] ?? 0) - (lse[row] ?? 0));
      return share * value + (1 - share) * (right.out[i] ?? 0);
    });
    assertClose(whole.lse, lse, nmseCaps.f32, "lse");
    assertClose(whole.out, merged, nmseCaps.f32, "out");
  });

  alone("runs again and again with the same bits", device, async (own) => {
    const [q, k, v] = [random([1, h, 70, d], 1, own), random([1, g, 300, d], 2, own), random([1, g, 300, d], 3, own)];
    const first = await attention(own, { q, k, v }, { variant, lse }).out.read();
    for (let i = 0; i < 3; i++) expect(await attention(own, { q, k, v }, { variant, lse }).out.read()).toEqual(first);
  });

  general("a recorded program follows the step", device, async (own) => {
    const [q, k, v] = [random([1, h, 1, d], 1, own), random([1, g, s, d], 2, own), random([1, g, s, d], 3, own)];
    const step = stepOf(own, [[0, 1]]);
    const program = own.record(() => attention(own, { q, k, v, step }, { variant, lse }));
    const { storage } = program.result.out;
    const instance = await program.instantiate();
    for (const position of [3, 40, 11]) {
      await own.write(step.storage, 0, new Uint8Array(new Uint32Array([position, 1]).buffer));
      instance.run();
      const place = instance.place(storage);
      const staging = own.takeStaging(h * d * 4);
      own.submit((encoder) => encoder.copyBufferToBuffer(place.buffer, place.offset, staging, 0, h * d * 4));
      await staging.mapAsync(GPUMapMode.READ);
      const replayed = Float64Array.from(new Float32Array(staging.getMappedRange(0, h * d * 4)));
      staging.unmap();
      const { out } = attention(own, { q, k, v }, { variant, lse, start: position, length: position + 1 });
      assertClose(replayed, await out.read(), nmseCaps.f32, `at position ${position}`);
    }
  });
});

describe("attention", () => {
  const call = (
    q: number[],
    k: number[],
    v: number[] = k,
    options: AttentionOptions & { variant?: "naive" | "flash" } = {},
  ) => attention(gpu, { q: random(q, 1), k: random(k, 2), v: random(v, 3) }, options);

  test.each([
    ["few queries", [1, 4, 8, 32], "splitK"],
    ["many queries", [1, 4, 9, 32], "flash"],
  ] as const)("chooses for %s", (_, shape, variant) => {
    const [q, k, v] = [random(shape, 1), random([1, 2, 40, 32], 2), random([1, 2, 40, 32], 3)];
    expect(gpu.record(() => attention(gpu, { q, k, v })).calls.map((one) => one.variant)).toEqual([variant]);
  });

  test.each([
    ["a large prime factor", 76, "rows"],
    ["a width that is not a multiple of 4", 30, "naive"],
  ] as const)("finds a variant for heads with %s", (_, d, variant) => {
    const [q, k, v] = [random([1, 1, 9, d], 1), random([1, 1, 9, d], 2), random([1, 1, 9, d], 3)];
    expect(gpu.record(() => attention(gpu, { q, k, v })).calls.map((one) => one.variant)).toEqual([variant]);
  });

  test("flashPlain says what it does not take, and is never chosen", () => {
    const [k, v] = [random([1, 2, 40, 32], 2), random([1, 2, 40, 32], 3)];
    const why = (options: AttentionOptions, more: Partial<AttentionTensors> = {}) =>
      attention.survey(gpu, { q: random([1, 4, 9, 32], 1), k, v, ...more }, options).get("flashPlain");
    expect(why({})).toBeUndefined();
    expect(why({ mask: { kind: "sliding-window", keys: 4 } })).toBe("it takes no mask other than causal");
    expect(why({ score: { kind: "softcap", cap: 5 } })).toBe("it takes no score");
    expect(why({}, { sink: random([4], 4) })).toBe("it takes no sink");
    expect(why({}, { step: stepOf(gpu, [[31, 9]]) })).toBe("it takes no step: start and length are numbers");
    expect(why({}, { v: random([1, 2, 40, 16], 3) })).toBe("v is [1, 2, 40, 16], it needs d = 32 (from q)");
    for (const t of [1, 9]) {
      expect(attention.order({ q: random([1, 4, t, 32], 1), k, v }, {}, gpu)).not.toContain("flashPlain");
    }
  });

  test("out is a view of memory with heads inside tokens", async () => {
    const { out } = call([2, 4, 3, 8], [2, 2, 5, 8]);
    expect(out.shape).toEqual([2, 4, 3, 8]);
    expect(transpose(out, [0, 2, 1, 3]).contiguous).toBe(true);
    expect((await out.read()).every(Number.isFinite)).toBe(true);
  });

  test("refuses what does not fit, and says so", () => {
    expect(() => call([1, 4, 3, 8], [1, 3, 5, 8])).toThrow(/4 query heads do not divide among 3/);
    expect(() => call([1, 4, 3, 8], [1, 2, 5, 12])).toThrow(/k is \[1, 2, 5, 12\], expected .* with d = 8 \(from q\)/);
    expect(() => call([4, 3, 8], [1, 2, 5, 8])).toThrow(/q is \[4, 3, 8\], expected \[b, h, t, d\]/);
    expect(() => call([1, 4, 3, 8], [1, 2, 5, 8], undefined, { length: 6 })).toThrow(/length is 6, expected 0 to 5/);
    expect(() => call([1, 1, 9, 30], [1, 1, 9, 30], undefined, { variant: "flash" })).toThrow(/flash: d is 30/);
    expect(() => call([1, 1, 9, 8], [1, 1, 9, 8], undefined, { mask: { kind: "sliding-window", keys: 0 } })).toThrow(
      /sliding-window: keys is 0, expected/,
    );
    const x = random([1, 1, 8, 8], 1);
    expect(() => attention(gpu, { q: x, k: transpose(x), v: x })).toThrow(/k has strides \[64, 64, 1, 8\]/);
    const step = stepOf(gpu, [[0, 1]]);
    expect(() => attention(gpu, { q: x, k: x, v: x, step }, { length: 3 })).toThrow(/step defines start and length/);
  });
});
