import { afterAll, describe, expect, test } from "vitest";
import {
  type RingAttentionOptions,
  type RingResult,
  ringAttention,
} from "../../src/blocks/ring-attention/ring-attention.ts";
import { ringCase, ringCases } from "../../src/check/cases/attention/ring.ts";
import { assertClose, difference, nmseCaps } from "../../src/check/compare.ts";
import { inTurn } from "../../src/check/emulation/sums.ts";
import { assertGate } from "../../src/check/gate.ts";
import { storedInputs, uploadedInputs } from "../../src/check/run-case.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { slice } from "../../src/tensor/views.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await quickGpu({ features: [] });
testCases(() => gpu, ringCases);

/** One variant for the blocks, so that few shaders are compiled; the cases have attention choose. */
const rows = { variant: "rows" } as const;

const more: Gpu[] = [];
afterAll(() => {
  for (const one of more) one.close();
});

/** That many devices, the first the test's own. */
async function devices(count: number): Promise<Gpu[]> {
  while (more.length < count - 1) {
    const one = await openGpu({ features: [] });
    one.buffers.poison = true;
    more.push(one);
  }
  return [gpu, ...more.slice(0, count - 1)];
}

type Sizes = Parameters<typeof ringCase>[1];
const causalSizes: Sizes = { b: 2, h: 6, g: 2, t: 41, s: 41 };

function inputs(sizes: Sizes, on: Gpu = gpu) {
  return uploadedInputs(on, ringCase("", sizes, { shards: 1 }));
}

const bits = async ({ out, lse }: Pick<RingResult, "out" | "lse">) => [
  ...new Uint32Array((await out.readStored()).buffer),
  ...new Uint32Array((await lse.readStored()).buffer),
];

/** Float64 and plain f32 results for the same inputs. */
function references(sizes: Sizes, options: RingAttentionOptions = {}) {
  const dense = storedInputs(ringCase("", sizes, { shards: 1 }));
  const described = { shards: 1, ...options };
  const expected = ringCases.reference(dense, described);
  return { expected, emulated: ringCases.gate?.emulation(dense, described, inTurn) ?? expected };
}

/** Orders of arrival by device: the reverse of the ring's, and an arbitrary one. */
const arrivals = (shards: number) => [
  Array.from({ length: shards }, (_, device) => Array.from({ length: shards }, (_, i) => (device + i) % shards)),
  Array.from({ length: shards }, (_, device) =>
    Array.from({ length: shards }, (_, i) => (i * 2 + device + 1) % shards),
  ),
];

describe.each(["contiguous", "zigzag", "striped"] as const)("ringAttention, %s", (balance) => {
  test("is bitwise the same whatever arrives first, merged by shard", async () => {
    const x = inputs(causalSizes);
    const first = await bits(ringAttention(gpu, x, { ...rows, shards: 5, balance }));
    for (const arrival of arrivals(5)) {
      expect(await bits(ringAttention(gpu, x, { ...rows, shards: 5, balance, arrival }))).toEqual(first);
    }
    expect(await bits(ringAttention(gpu, x, { ...rows, shards: 5, balance }))).toEqual(first);
  });

  test("merged on arrival, orders differ only by rounding", async () => {
    const x = inputs(causalSizes);
    const { expected } = references(causalSizes);
    const byShard = await ringAttention(gpu, x, { ...rows, shards: 5, balance }).out.read();
    const spread: number[] = [];
    for (const arrival of arrivals(5)) {
      const options = { ...rows, shards: 5, balance, arrival, merge: "arrival" } as const;
      const out = await ringAttention(gpu, x, options).out.read();
      assertClose(out, expected.out.values, nmseCaps.f32, "out");
      spread.push(difference(out, byShard).maxAbsolute);
    }
    // Some elements differ, by a few ulps of values around 1: four merges, each rounded.
    expect(Math.max(...spread)).toBeGreaterThan(0);
    expect(Math.max(...spread)).toBeLessThan(4 * 2 ** -23 * 4);
  });

  test("over three devices is bitwise what it is on one, and moves the bytes that its figures say", async () => {
    const gpus = await devices(3);
    for (const [sizes, mask] of [
      [causalSizes, "causal"],
      [{ h: 5, g: 1, t: 22, s: 37 }, "full"],
    ] as const) {
      const one = ringAttention(gpu, inputs(sizes), { ...rows, shards: 3, balance, mask });
      const many = await ringAttention(gpus, inputs(sizes, gpus[1]), { ...rows, balance, mask });
      expect(await bits(many)).toEqual(await bits(one));
      expect(many.out.gpu).toBe(gpu);
      const { expected, emulated } = references(sizes, { mask });
      assertGate(await many.out.read(), expected.out.values, emulated.out.values, 3, "out");
      const { b = 1, h, g = h, t, s, d = 8 } = sizes;
      expect(many.moved).toEqual({
        dealt: 4 * (b * h * t * d + 2 * b * g * s * d),
        sent: many.figures.hopBytes,
        collected: 4 * b * h * t * (d + 1),
      });
      const shares = balance === "contiguous" && mask === "causal" ? undefined : 2; // others that a shard visits
      if (shares) expect(many.moved.sent).toBe(shares * b * g * s * 2 * d * 4);
    }
  });

  test("over three devices in another order of arrival gives the same bits", async () => {
    const gpus = await devices(3);
    const [ring, arrival] = [
      await ringAttention(gpus, inputs(causalSizes), { ...rows, balance }),
      arrivals(3)[1] ?? [],
    ];
    expect(await bits(await ringAttention(gpus, inputs(causalSizes), { ...rows, balance, arrival }))).toEqual(
      await bits(ring),
    );
  });
});

describe("ringAttention", () => {
  test("takes views of a longer cache, and records", async () => {
    const { q, k, v } = inputs({ h: 4, g: 2, t: 20, s: 40 });
    const views = { q, k: slice(k, 2, 5, 25), v: slice(v, 2, 5, 25) };
    const striped = ringAttention(gpu, views, { ...rows, shards: 3, balance: "striped" });
    const whole = attention(gpu, views, { ...rows, lse: true });
    assertClose(await striped.out.read(), await whole.out.read(), nmseCaps.f32, "out");
    assertClose(await striped.lse.read(), (await whole.lse?.read()) ?? [], nmseCaps.f32, "lse");
    const program = gpu.record(() => ringAttention(gpu, views, { ...rows, shards: 2 }));
    // Two blocks on the second device and one on the first, a merge, and the results put in place.
    expect(program.calls.filter(({ op }) => op === "attention")).toHaveLength(3);
    expect(program.calls.filter(({ op }) => op === "mergeAttention")).toHaveLength(1);
  });

  test("more devices than queries: some have none", async () => {
    const gpus = await devices(3);
    const sizes = { h: 3, g: 1, t: 1, s: 10 };
    const many = await ringAttention(gpus, inputs(sizes), rows);
    assertClose(await many.out.read(), references(sizes).expected.out.values, nmseCaps.f32, "out");
  });

  test("leaves no memory allocated on its devices", async () => {
    const gpus = (await devices(3)).slice(1);
    const run = async () => {
      const { q, k, v } = inputs(causalSizes, gpus[0]);
      const { out, lse } = await ringAttention(gpus, { q, k, v }, { ...rows, balance: "zigzag" });
      await out.read();
      for (const x of [q, k, v, out, lse]) x.dispose();
    };
    const allocated = () => gpus.map(({ buffers }) => buffers.allocatedBytes);
    for (const { buffers } of gpus) buffers.poison = false; // memory is used again
    await run();
    await run();
    const before = allocated();
    for (let i = 0; i < 3; i++) await run();
    for (const { buffers } of gpus) buffers.poison = true;
    expect(allocated()).toEqual(before);
  });

  test("refuses what does not fit, and says so", () => {
    const x = inputs({ h: 4, g: 2, t: 5, s: 6 });
    expect(() => ringAttention(gpu, x, {})).toThrow(/shards is missing/);
    expect(() => ringAttention(gpu, x, { shards: 1.5 })).toThrow(/shards is 1.5/);
    expect(() => ringAttention([gpu, gpu], x, { shards: 3 })).toThrow(/3 shards for 2 devices/);
    expect(() => ringAttention([], x)).toThrow(/no devices/);
    expect(() => ringAttention(gpu, { ...x, v: slice(x.v, 2, 0, 3) }, { shards: 2 })).toThrow(
      /v is \[1, 2, 3, 8\], expected \[1, 2, 6, 8\]/,
    );
    const score = { kind: "alibi" } as unknown as "none";
    expect(() => ringAttention(gpu, x, { shards: 2, score })).toThrow(/scores that depend on positions/);
    const variant = "fast" as "naive";
    expect(() => ringAttention(gpu, x, { shards: 2, variant })).toThrow(/variant is "fast", expected "naive" or/);
  });
});
