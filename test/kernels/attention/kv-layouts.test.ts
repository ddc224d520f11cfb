import { describe, expect, test } from "vitest";
import { difference } from "../../../src/check/compare.ts";
import { unpackWords } from "../../../src/check/packed.ts";
import { normal } from "../../../src/check/random.ts";
import { type StepRow, stepOf } from "../../../src/check/step.ts";
import { appendKv } from "../../../src/kernels/kv-cache/append.ts";
import { blockTable, noPage } from "../../../src/kernels/kv-cache/block-table.ts";
import { hadamard } from "../../../src/kernels/kv-cache/hadamard.ts";
import { type KvLayout, layoutRecords } from "../../../src/kernels/kv-cache/layouts.ts";
import { dequantise, quantise, ringSlot } from "../../../src/reference/attention/kv-cache.ts";
import { dense } from "../../../src/reference/dense.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { slice } from "../../../src/tensor/views.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });

const size = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const random = (shape: readonly number[], seed: number) => dense(shape, normal(size(shape), seed).map(Math.fround));
const given = ({ shape, values }: { shape: readonly number[]; values: ArrayLike<number> }) =>
  tensor(gpu, shape, values);
const unused = (...shape: number[]) => tensor(gpu, shape, new Float32Array(size(shape)).fill(Number.NaN));
const words = (...shape: number[]) => tensor(gpu, shape, new Uint32Array(size(shape)).fill(0xdeadbeef), "u32");

/** Where each token of k `[b, t, g, d]` belongs, and what the cache `[rows, g, s, d]` holds when all are stored. */
function stored(
  k: ReturnType<typeof random>,
  shape: readonly number[],
  place: (b: number, t: number) => readonly [row: number, slot: number] | undefined,
): Float64Array {
  const [b = 0, t = 0, g = 0, d = 0] = k.shape;
  const [, , s = 0] = shape;
  const values = new Float64Array(size(shape)).fill(Number.NaN);
  for (let token = 0; token < b * t; token++) {
    const at = place(Math.floor(token / t), token % t);
    if (!at) continue;
    for (let head = 0; head < g; head++) {
      const row = k.values.subarray((token * g + head) * d, (token * g + head + 1) * d);
      values.set(row, ((at[0] * g + head) * s + at[1]) * d);
    }
  }
  return values;
}

const written = layoutRecords.filter(({ write }) => write);

test.each(written.map((record) => [record.name, record] as const))(
  "%s: tokens are stored where the record lays them out",
  async (_, { numbers, layOut }) => {
    const [b, t, g, d, dv] = [3, 150, 2, 6, 10];
    const usual = Object.fromEntries(Object.entries(numbers).map(([key, number]) => [key, number.usual]));
    const { rows, slots, slotOf, layout } = layOut(Array(b).fill({ t, s: t }), usual);
    const [k, v] = [random([b, t, g, d], 1), random([b, t, g, dv], 2)];
    const [keys, values] = [unused(rows, g, slots, d), unused(rows, g, slots, dv)];
    appendKv(gpu, { k: given(k), v: given(v), keys, values }, { start: 0, layout: layout(gpu) as KvLayout });
    expect(await keys.read()).toEqual(stored(k, keys.shape, slotOf));
    expect(await values.read()).toEqual(stored(v, values.shape, slotOf));
  },
);

describe("a paged cache", () => {
  const [b, t, g, page, d, dv] = [3, 9, 2, 4, 6, 10];
  const table = [[5, 0, 3], [6], [2, 7, 1, 4]];
  const rows: readonly StepRow[] = [
    [2, 9],
    [1, 9],
    [7, 5],
  ];
  const places = (row: number, i: number): readonly [number, number] | undefined => {
    const [position = 0, tokens = 0] = rows[row] ?? [];
    const found = table[row]?.[Math.floor((position + i) / page)];
    return i < tokens && found !== undefined ? [found, (position + i) % page] : undefined;
  };

  test("holds each token in the page of its position; without a page, it is not stored", async () => {
    const [k, v] = [random([b, t, g, d], 1), random([b, t, g, dv], 2)];
    const [keys, values] = [unused(9, g, page, d), unused(9, g, page, dv)];
    const layout = { kind: "paged", blockTable: blockTable(gpu, table, { pages: 9, entries: 5 }) } as const;
    appendKv(gpu, { k: given(k), v: given(v), keys, values, step: stepOf(gpu, rows) }, { layout });
    expect(await keys.read()).toEqual(stored(k, keys.shape, places));
    expect(await values.read()).toEqual(stored(v, values.shape, places));
  });

  test("writes nothing for an entry beyond its pages", async () => {
    const [k, keys, values] = [random([1, 4, g, d], 1), unused(2, g, page, d), unused(2, g, page, d)];
    const layout = { kind: "paged", blockTable: tensor(gpu, [1, 2], [2, noPage], "u32") } as const;
    appendKv(gpu, { k: given(k), v: given(k), keys, values }, { layout, start: 1 });
    expect((await keys.read()).every(Number.isNaN)).toBe(true);
  });

  test("refuses tables that do not fit", () => {
    const [k, keys] = [given(random([2, 1, g, d], 1)), unused(4, g, page, d)];
    const append = (table: Tensor) =>
      appendKv(gpu, { k, v: k, keys, values: unused(4, g, page, d) }, { layout: { kind: "paged", blockTable: table } });
    expect(() => blockTable(gpu, [[0, 4]], { pages: 4 })).toThrow(/entry 1 of row 0 is page 4, expected 0 to 3/);
    expect(() => blockTable(gpu, [[0, 1]], { pages: 4, entries: 1 })).toThrow(/row 0 has 2 pages, expected up to 1/);
    expect(() => append(blockTable(gpu, [[0], [5]], { pages: 6 }))).toThrow(/of a cache with 6 pages/);
    expect(() => append(blockTable(gpu, [[0]], { pages: 4 }))).toThrow(/expected u32 \[b, entries\] with b = 2/);
    expect(() => append(tensor(gpu, [2, 1], [0, 1]))).toThrow(/blockTable is f32 \[2, 1\]/);
    const three = { kind: "paged", blockTable: blockTable(gpu, [[0], [1]], { pages: 4 }) } as const;
    const odd = unused(4, g, 3, d);
    expect(() => appendKv(gpu, { k, v: k, keys: odd, values: unused(4, g, 3, d) }, { layout: three })).toThrow(
      /pages of 3 keys .*expected a power of two/,
    );
  });
});

describe("a ring", () => {
  const [g, slots, d] = [2, 8, 4];

  test.each([0, 3])("keeps %d sinks, and the last tokens that fit after them", async (sinks) => {
    const rows: readonly StepRow[] = [
      [0, 5],
      [30, 11], // more than there are slots: only the last are stored
      [6, 4],
    ];
    const k = random([3, 11, g, d], 1);
    const [keys, values] = [unused(3, g, slots, d), unused(3, g, slots, d)];
    const layout = { kind: "ring", sinks } as const;
    appendKv(gpu, { k: given(k), v: given(k), keys, values, step: stepOf(gpu, rows) }, { layout });
    const expected = stored(k, keys.shape, (row, i) => {
      const [position = 0, tokens = 0] = rows[row] ?? [];
      return i < tokens ? [row, ringSlot(position + i, { slots, sinks })] : undefined;
    });
    expect(await keys.read()).toEqual(expected);
    expect(await values.read()).toEqual(expected);
  });

  test("goes round without a step", async () => {
    const [k, keys, values] = [random([1, 5, g, d], 1), unused(1, g, slots, d), unused(1, g, slots, d)];
    appendKv(gpu, { k: given(k), v: given(k), keys, values }, { start: 14, layout: { kind: "ring" } });
    expect(await keys.read()).toEqual(stored(k, keys.shape, (_, i) => [0, (14 + i) % slots]));
  });

  test("has room for more than its sinks", () => {
    const [k, keys, values] = [given(random([1, 1, g, d], 1)), unused(1, g, slots, d), unused(1, g, slots, d)];
    const append = (sinks: number) => appendKv(gpu, { k, v: k, keys, values }, { layout: { kind: "ring", sinks } });
    expect(() => append(8)).toThrow(/8 sinks in a ring of 8 slots, expected 0 to 7/);
    expect(() => append(-1)).toThrow(/layout.sinks is -1/);
  });
});

describe.each([
  { format: "int8", bits: 8, cap: 5e-4 },
  { format: "int4", bits: 4, cap: 1e-2 },
] as const)("a cache of $format", ({ format, bits, cap }) => {
  const [b, t, g, s, d, dv] = [2, 5, 3, 16, 64, 32];
  const blockOf = (width: number) => (bits === 8 ? width : 32);
  const scaleShape = (rows: number, width: number, length = s) =>
    bits === 8 ? [rows, g, length] : [rows, g, length, width / 32];

  /** Codes as near as f32 division lets them be, and scales to the bit or its neighbour. */
  async function check(x: ReturnType<typeof random>, cache: Tensor, scale: Tensor, row: (token: number) => number) {
    const [, , heads = 0, width = 0] = x.shape;
    const { codes, scales } = quantise({ x }, { bits, block: blockOf(width) });
    const [actual, actualScales] = [unpackWords(dense(cache.shape, await cache.read()), bits), await scale.read()];
    const blocks = width / blockOf(width);
    for (let head = 0; head < x.values.length / width; head++) {
      const at = row(Math.floor(head / heads)) + (head % heads) * (cache.shape[2] ?? 0);
      for (let block = 0; block < blocks; block++) {
        const [mine, theirs] = [actualScales[at * blocks + block] ?? 0, scales.values[head * blocks + block] ?? 0];
        expect(Math.abs(mine - theirs)).toBeLessThanOrEqual(Math.abs(theirs) * 2 ** -22);
      }
      for (let i = 0; i < width; i++) {
        const [mine, theirs] = [actual.values[at * width + i] ?? 0, codes.values[head * width + i] ?? 0];
        if (mine === theirs) continue;
        const exact =
          (x.values[head * width + i] ?? 0) / (scales.values[head * blocks + Math.floor(i / blockOf(width))] ?? 1);
        expect(Math.abs(Math.abs(exact - Math.floor(exact)) - 0.5), `${mine} for ${exact}`).toBeLessThan(1e-4);
      }
    }
  }

  test("holds the nearest integers and their scales; padding and rows beyond stay as they are", async () => {
    const [k, v] = [random([b, t, g, d], 1), random([b, t, g, dv], 2)];
    k.values.fill(0, 0, d); // a row of zeros
    const [keys, values] = [words(b, g, s, (d * bits) / 32), words(b, g, s, (dv * bits) / 32)];
    const [kScale, vScale] = [unused(...scaleShape(b, d)), unused(...scaleShape(b, dv))];
    const rows: readonly StepRow[] = [
      [3, 5],
      [13, 5], // two do not fit
    ];
    appendKv(gpu, { k: given(k), v: given(v), keys, values, kScale, vScale, step: stepOf(gpu, rows) });
    const first = (x: ReturnType<typeof random>) =>
      dense([1, 5, g, x.shape[3] ?? 0], x.values.slice(0, x.values.length / 2));
    await check(first(k), keys, kScale, (token) => 3 + token);
    await check(first(v), values, vScale, (token) => 3 + token);
    const stale = (await keys.read()).filter((word) => word === 0xdeadbeef).length;
    expect(stale).toBe((b * s - 5 - 3) * g * ((d * bits) / 32));
    expect((await vScale.read()).filter(Number.isNaN).length).toBe((b * s - 5 - 3) * g * (dv / blockOf(dv)));
  });

  test(`is ${cap} from the values at most, by NMSE`, () => {
    const x = random([64, d], 3);
    const { codes, scales } = quantise({ x }, { bits, block: blockOf(d) });
    const { nmse } = difference(dequantise({ codes, scales }).values, x.values);
    expect(nmse).toBeLessThan(cap);
    expect(nmse).toBeGreaterThan(cap / 100);
  });

  test("in pages", async () => {
    const [k, v] = [random([1, t, g, d], 1), random([1, t, g, dv], 2)];
    const [keys, values] = [words(4, g, 4, (d * bits) / 32), words(4, g, 4, (dv * bits) / 32)];
    const [kScale, vScale] = [unused(...scaleShape(4, d, 4)), unused(...scaleShape(4, dv, 4))];
    const layout = { kind: "paged", blockTable: blockTable(gpu, [[2, 0]], { pages: 4 }) } as const;
    const both = given({ shape: [1, t, g, d + dv], values: joined(k.values, v.values, d, dv) });
    appendKv(
      gpu,
      { k: slice(both, 3, 0, d), v: slice(both, 3, d, d + dv), keys, values, kScale, vScale },
      { layout, start: 2 },
    );
    const row = (token: number) => (token < 2 ? 2 * g * 4 + 2 + token : token - 2);
    // Heads of a page follow one another; `check` steps by a page's keys.
    await check(k, keys, kScale, row);
    await check(v, values, vScale, row);
  });

  test("refuses shapes that contradict one another", () => {
    const [k, v] = [given(random([b, t, g, d], 1)), given(random([b, t, g, dv], 2))];
    const [keys, values] = [words(b, g, s, (d * bits) / 32), words(b, g, s, (dv * bits) / 32)];
    const [kScale, vScale] = [unused(...scaleShape(b, d)), unused(...scaleShape(b, dv))];
    const append = (changed: Partial<Record<"k" | "keys" | "values" | "kScale" | "vScale", Tensor>>) =>
      appendKv(gpu, { k, v, keys, values, kScale, vScale, ...changed });
    expect(() => append({ kScale: unused(b, g, s, 7) })).toThrow(/kScale is f32 \[2, 3, 16, 7\], expected f32/);
    expect(() => append({ kScale: words(...scaleShape(b, d)) })).toThrow(/kScale is u32/);
    expect(() => append({ keys: words(b, g, s, 5) })).toThrow(/k is u32 \[2, 3, 16, 5\], expected u32 with 16 words/);
    expect(() => append({ keys: unused(b, g, s, d) })).toThrow(/k is f32 .*with scales/);
    const { kScale: _, ...rest } = { k, v, keys, values, kScale, vScale };
    expect(() => appendKv(gpu, rest)).toThrow(/kScale is missing, expected both or none/);
    const other = bits === 8 ? 4 : 8;
    expect(() =>
      append({
        values: words(b, g, s, (dv * other) / 32),
        vScale: unused(...(other === 8 ? [b, g, s] : [b, g, s, dv / 32])),
      }),
    ).toThrow(new RegExp(`keys are ${format}, values int${other}`));
  });
});

function joined(a: Float64Array, b: Float64Array, d: number, dv: number): Float64Array {
  const out = new Float64Array(a.length + b.length);
  for (let row = 0; row < a.length / d; row++) {
    out.set(a.subarray(row * d, (row + 1) * d), row * (d + dv));
    out.set(b.subarray(row * dv, (row + 1) * dv), row * (d + dv) + d);
  }
  return out;
}

describe.each([
  { bits: 4, share: 0.2 },
  { bits: 8, share: 0.1 },
] as const)("keys of $bits bits whose one channel is 20 times as far from 0", ({ bits, share }) => {
  const [t, g, d] = [48, 2, 64];
  const k = random([1, t, g, d], 4);
  for (let row = 0; row < t * g; row++) k.values[row * d + 11] = 20 * (k.values[row * d + 11] ?? 0);

  /** Mean squared error of what is stored, as it is or rotated and then rotated back. */
  async function error(rotated: boolean): Promise<number> {
    const x = given(k);
    const stored = rotated ? hadamard(gpu, { x }).y : x;
    const [keys, values] = [words(1, g, t, (d * bits) / 32), words(1, g, t, (d * bits) / 32)];
    const scale = () => (bits === 8 ? unused(1, g, t) : unused(1, g, t, d / 32));
    const [kScale, vScale] = [scale(), scale()];
    appendKv(gpu, { k: stored, v: stored, keys, values, kScale, vScale });
    const codes = unpackWords(dense(keys.shape, await keys.read()), bits);
    const { values: read } = dequantise({ codes, scales: dense([1, g, t, bits === 8 ? 1 : 2], await kScale.read()) });
    const back = rotated ? await hadamard(gpu, { x: tensor(gpu, [1, g, t, d], read) }).y.read() : read;
    let sum = 0;
    for (let row = 0; row < t * g; row++) {
      const from = ((row % g) * t + Math.floor(row / g)) * d; // [g, t] of [t, g]
      for (let i = 0; i < d; i++) sum += ((back[from + i] ?? Number.NaN) - (k.values[row * d + i] ?? 0)) ** 2;
    }
    return sum / k.values.length;
  }

  test(`have ${share} of the error at most where they are rotated`, async () => {
    const [plain, rotated] = [await error(false), await error(true)];
    expect(plain).toBeGreaterThan(0);
    expect(rotated).toBeLessThan(share * plain);
  });
});
