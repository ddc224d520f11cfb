import { expect, test } from "vitest";
import { gatherBackwardCases } from "../../src/check/cases/gather-backward.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { difference } from "../../src/check/compare.ts";
import { normal, randomSource } from "../../src/check/random.ts";
import { gather } from "../../src/kernels/embedding/gather.ts";
import { gatherBackward } from "../../src/kernels/embedding/gather-backward.ts";
import { dense } from "../../src/reference/dense.ts";
import { gather as reference, gatherBackward as referenceBackward } from "../../src/reference/embedding.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { expectGradients } from "../support/numbers/central-differences.ts";
import { testCases } from "../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, gatherBackwardCases);

const variants = ["naive", "sorted"] as const;
const source = randomSource(3);
const [t, v, c] = [500, 37, 12];
const ids = Array.from({ length: t }, () => source.integer(v));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0);

test("the gradient is that of central differences", () => {
  const chosen = dense([6], [3, 0, 3, 5, 3, 0]);
  expectGradients({
    inputs: { table: dense([7, 4], normal(28, 5)) },
    forward: ({ table }) => reference({ ids: chosen, table }, { scale: 1.7 }),
    backward: (_, { y }) => ({ dtable: referenceBackward({ ids: chosen, dy: y }, { rows: 7, scale: 1.7 }).dtable }),
  });
});

test.each(variants)("%s is the transpose of gather", async (variant) => {
  const of = { ids: tensor(gpu, [t], ids, "u32"), table: tensor(gpu, [v, c], normal(v * c, 1)) };
  const dy = tensor(gpu, [t, c], normal(t * c, 2));
  const { y } = gather(gpu, of, { scale: 3 });
  const { dtable } = gatherBackward(gpu, { ids: of.ids, dy }, { rows: v, scale: 3, variant });
  const read = async (x: Tensor) => await x.read();
  const [left, right] = [dot(await read(dy), await read(y)), dot(await read(dtable), await read(of.table))];
  const terms = dot((await read(dy)).map(Math.abs), (await read(y)).map(Math.abs));
  expect(Math.abs(left - right)).toBeLessThan(1e-6 * terms);
});

test.each(variants)("%s: the same bits every time, zeros of a zero gradient", async (variant) => {
  const of = tensor(gpu, [t], ids, "u32");
  const run = async (values: Float64Array) => {
    const { dtable } = gatherBackward(gpu, { ids: of, dy: tensor(gpu, [t, c], values) }, { rows: v, variant });
    return [...(await dtable.read())];
  };
  expect(await run(normal(t * c, 2))).toEqual(await run(normal(t * c, 2)));
  expect((await run(new Float64Array(t * c))).every((value) => value === 0)).toBe(true);
});

test("a table in several segments", async () => {
  const small = await testGpu({ cap: { binding: 262_144 } });
  const [rows, cols] = [701, 260];
  const chosen = Array.from({ length: 2000 }, () => source.integer(rows + 3));
  const dy = normal(200 * cols, 7);
  const tensors = {
    ids: tensor(small, [200], chosen.slice(0, 200), "u32"),
    dy: tensor(small, [200, cols], dy),
  };
  const expected = referenceBackward(
    { ids: dense([200], chosen.slice(0, 200)), dy: dense([200, cols], dy.map(Math.fround)) },
    { rows },
  );
  for (const variant of variants) {
    const dtable = tensor(small, [rows, cols], new Float64Array(rows * cols).fill(5));
    expect(dtable.segments.length).toBeGreaterThan(1);
    gatherBackward(small, tensors, { rows, variant, into: { dtable } });
    const found = await dtable.read();
    expect(difference(found, expected.dtable.values).maxAbsolute).toBeLessThan(1e-5);
  }
});

test("few tokens of a small table need no sort", async () => {
  const small = gpu.record(() =>
    gatherBackward(
      gpu,
      { ids: tensor(gpu, [3], [0, 1, 0], "u32"), dy: tensor(gpu, [3, 2], normal(6, 1)) },
      { rows: 2 },
    ),
  );
  expect(small.calls.map(({ variant }) => variant)).toEqual(["naive"]);
  const [first] = gatherBackwardCases.cases;
  if (first) expect(await checkCase(gpu, gatherBackwardCases, "sorted", first)).toBeDefined();
});

test("mistakes are named", () => {
  const tensors = { ids: tensor(gpu, [3], [0, 1, 0], "u32"), dy: tensor(gpu, [3, 2], normal(6, 1)) };
  const of = (more: object, options: object = {}) =>
    gatherBackward(gpu, { ...tensors, ...more }, { rows: 4, variant: "sorted", ...options });
  expect(() => of({}, { accumulate: true })).toThrow("accumulate without into.dtable");
  expect(() => of({ dy: tensor(gpu, [2, 2], normal(4, 1)) })).toThrow("dy is [2, 2], expected [t, c] with t = 3");
  expect(() => of({ ids: tensor(gpu, [3], [0, 1, 0]) })).toThrow("ids is f32 [3], expected u32");
  const dtable = tensor(gpu, [5, 2], normal(10, 1));
  expect(() => of({}, { into: { dtable } })).toThrow("into.dtable is [5, 2], expected [4, 2]");
  expect(() => of({}, { variant: "naive", into: { dtable } })).toThrow("into.dtable is [5, 2], expected [4, 2]");
  expect(() => of({}, { rows: -1 })).toThrow("rows is -1");
});
