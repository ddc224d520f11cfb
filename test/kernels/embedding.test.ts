import { expect, test } from "vitest";
import { gatherCases } from "../../src/check/cases/embedding.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { wholeBlocks } from "../../src/check/packed.ts";
import { normal } from "../../src/check/random.ts";
import { gather, gatherPositions, gatherStep } from "../../src/kernels/embedding/gather.ts";
import { weightTypes } from "../../src/kernels/formats/formats.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
const plain = await testGpu({ features: [] });
testCases(() => gpu, gatherCases);

test("without features f16 tables are read as u32", async () => {
  for (const item of gatherCases.cases.filter(({ inputs }) => inputs.table.dtype !== "f32")) {
    await checkCase(plain, gatherCases, "gather", item);
  }
});

/** A step whose row b has the token `tokens[b]`, and numbers that are no token in the other fields. */
function stepOf(tokens: readonly number[]) {
  const values = new Uint32Array(64 * 4).fill(99_999);
  tokens.forEach((token, row) => {
    values[row * 4 + 2] = token;
  });
  return tensor(gpu, [64, 4], values, "u32");
}

test("a decode step reads the token that each row sampled last", async () => {
  const v = 23;
  for (const dtype of weightTypes) {
    const c = wholeBlocks(dtype, 96);
    const table = tensor(gpu, [v, c], normal(v * c, 5), dtype);
    const stored = await table.read();
    const tokens = [4, 22, 0, 4, 17];
    const { y } = gatherStep(gpu, { step: stepOf(tokens), table }, { rows: tokens.length });
    expect(y.shape).toEqual([tokens.length, c]);
    expect([...(await y.read())]).toEqual(tokens.flatMap((token) => [...stored.slice(token * c, (token + 1) * c)]));
  }
});

test("all 64 rows of a step", async () => {
  const table = tensor(
    gpu,
    [64, 2],
    Float64Array.from({ length: 128 }, (_, i) => i),
  );
  const tokens = Array.from({ length: 64 }, (_, row) => (row * 27 + 5) % 64);
  const { y } = gatherStep(gpu, { step: stepOf(tokens), table }, { rows: 64 });
  expect([...(await y.read())]).toEqual(tokens.flatMap((token) => [token * 2, token * 2 + 1]));
});

test("learned positions count up from where each row of the step stands", async () => {
  const [rows, tokens, c] = [3, 5, 70];
  const table = tensor(gpu, [40, c], normal(40 * c, 6), "bf16");
  const stored = await table.read();
  const begins = [0, 31, 7];
  const values = new Uint32Array(64 * 4).fill(99_999);
  begins.forEach((begin, row) => {
    values[row * 4] = begin;
  });
  const { y } = gatherPositions(gpu, { step: tensor(gpu, [64, 4], values, "u32"), table }, { rows, tokens });
  const places = begins.flatMap((begin) => Array.from({ length: tokens }, (_, t) => begin + t));
  expect([...(await y.read())]).toEqual(places.flatMap((place) => [...stored.slice(place * c, (place + 1) * c)]));
});

test("an id that is no row of the table gives NaN, and its neighbours are right", async () => {
  const table = tensor(gpu, [3, 2], [1, 2, 3, 4, 5, 6]);
  const into = { y: tensor(gpu, [4, 2], new Float64Array(8)) };
  const ids = tensor(gpu, [4], [2, 3, 0xffffffff, 0], "u32");
  const { y } = gather(gpu, { ids, table }, { into });
  expect([...(await y.read())]).toEqual([5, 6, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 1, 2]);
});

test("mistakes are named", () => {
  const ids = tensor(gpu, [2], [0, 1], "u32");
  const table = tensor(gpu, [3, 2], [1, 2, 3, 4, 5, 6]);
  expect(() => gather(gpu, { ids, table: ids })).toThrow(`table is u32 [2], expected ${weightTypes.join(", ")} [v, c]`);
  expect(() => gather(gpu, { ids: tensor(gpu, [2], [0, 1]), table })).toThrow("ids is f32 [2], expected u32");
  expect(() => gatherStep(gpu, { step: ids, table }, { rows: 1 })).toThrow("step is [2], expected [64, 4]");
  expect(() => gatherStep(gpu, { step: stepOf([0]), table }, { rows: 65 })).toThrow(
    "rows is 65, expected an integer from 0 to 64",
  );
});
