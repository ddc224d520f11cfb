// Models with random weights against the one that was trained.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { randomSource } from "../../../src/check/random.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { correlation } from "../../../src/models/weights/untrained.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { encode } from "../../../src/tensor/dtype.ts";
import { memorySource } from "../../formats/memory-source.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { sequenceNames, sequenceSource } from "./golden.ts";

const gpu = await quickGpu();
const dates = "examples/models/dates";

async function isUntrained(source: FileSource | string, options = {}) {
  using model = await loadEncoderDecoder(gpu, source, { onWarning: () => {}, ...options });
  return await model.isUntrained();
}

/** The folder of dates, whose matrices of f16 `change` has changed. */
function changedDates(change: (values: Uint16Array, name: string) => void): FileSource {
  const files = Object.fromEntries(
    readdirSync(dates).map((file) => [file, new Uint8Array(readFileSync(`${dates}/${file}`))]),
  );
  const bytes = (files["model.safetensors"] ?? new Uint8Array()).slice();
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  for (const [name, { dtype, shape, data_offsets: at }] of Object.entries(header)) {
    if (shape?.length !== 2) continue;
    expect(dtype).toBe("F16");
    change(new Uint16Array(bytes.buffer, 8 + length + at[0], (at[1] - at[0]) / 2), name);
  }
  return memorySource({ ...files, "model.safetensors": bytes });
}

const random = randomSource(7);
const shuffle = (values: Uint16Array) => {
  for (let i = values.length - 1; i > 0; i--) {
    const other = Math.floor(random.uniform() * (i + 1));
    [values[i], values[other]] = [values[other] ?? 0, values[i] ?? 0];
  }
};
/** As PyTorch begins. */
const uniform = (values: Uint16Array) =>
  values.set(
    encode(
      "f16",
      Array.from(values, () => random.uniform() - 0.5),
    ),
  );

test.each(sequenceNames)("the random weights of %s", async (name) => {
  expect(await isUntrained(sequenceSource(name))).toBe(true);
});

test.each([undefined, "f32", "q8_0", "q4_0"])("the trained weights of dates, stored as %s", async (dtype) => {
  expect(await isUntrained(dates, { dtype })).toBe(false);
});

test("the weights of dates in another order, in which nothing is left of the training but their sizes", async () => {
  expect(await isUntrained(changedDates(shuffle))).toBe(true);
});

test("weights as PyTorch begins with, and the same where only queries, keys and values were trained", async () => {
  expect(await isUntrained(changedDates(uniform))).toBe(true);
  const trained = /in_proj/;
  expect(await isUntrained(changedDates((values, name) => !trained.test(name) && uniform(values)))).toBe(false);
});

test("rows: independent ones, the same ones, and ones at right angles", () => {
  const rows = (value: (row: number, column: number) => number) =>
    Array.from({ length: 64 }, (_, i) => Float64Array.from({ length: 64 }, (_, k) => value(i, k)));
  expect(Math.abs(correlation(rows(() => random.uniform() - 0.5)))).toBeLessThan(4);
  expect(correlation(rows((_, k) => k))).toBeGreaterThan(1000);
  expect(correlation(rows((i, k) => (i === k ? 1 : 0)))).toBeLessThan(-20);
  expect(correlation(rows(() => 0))).toBe(0);
});
