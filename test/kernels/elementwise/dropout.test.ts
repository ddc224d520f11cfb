import { expect, test } from "vitest";
import { dropoutCases } from "../../../src/check/cases/dropout.ts";
import { normal } from "../../../src/check/random.ts";
import { dropout } from "../../../src/kernels/elementwise/dropout.ts";
import { placed, tensor } from "../../../src/tensor/tensor.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, dropoutCases);

const size = 4000;
const x = tensor(gpu, [size], new Float32Array(size).fill(1));
const key = (seed: number, step: number) => tensor(gpu, [2], [seed, step], "u32");
const run = async (rate: number, site: number, seed = 1, step = 1) => [
  ...(await dropout(gpu, { x, key: key(seed, step) }, { rate, site }).y.read()),
];

test("a quarter is dropped, and the mean stays", async () => {
  const y = await run(0.25, 0);
  expect(y.filter((value) => value === 0).length / size).toBeCloseTo(0.25, 1.5);
  expect(new Set(y)).toEqual(new Set([0, Math.fround(4 / 3)]));
  expect(y.reduce((sum, value) => sum + value, 0) / size).toBeCloseTo(1, 1);
});

test("seed, step and site each drop other elements; the same drop the same", async () => {
  const first = await run(0.5, 0);
  expect(await run(0.5, 0)).toEqual(first);
  for (const other of [await run(0.5, 1), await run(0.5, 0, 2), await run(0.5, 0, 1, 2)]) {
    const agree = other.filter((value, i) => value === first[i]).length / size;
    expect(agree).toBeGreaterThan(0.45);
    expect(agree).toBeLessThan(0.55);
  }
});

test("a recorded program drops others in each run, and its gradient those of the run", async () => {
  const k = key(3, 0);
  const upstream = tensor(gpu, [size], normal(size, 5));
  const program = gpu.record(() => {
    const { y } = dropout(gpu, { x, key: k }, { rate: 0.5, site: 2 });
    return { y, dx: gradients(gpu, y, { x }, { upstream }).x };
  });
  const instance = await program.instantiate();
  const found: boolean[][] = [];
  const dy = [...(await upstream.read())];
  for (const step of [1, 2]) {
    await gpu.write(k.storage, 4, new Uint8Array(Uint32Array.of(step).buffer));
    instance.run();
    const y = [...(await placed(instance, program.result.y).read())];
    const dx = [...(await placed(instance, program.result.dx ?? x).read())];
    expect(dx).toEqual(dy.map((value, i) => (y[i] === 0 ? 0 : 2 * value)));
    found.push(y.map((value) => value === 0));
  }
  expect(found[1]).not.toEqual(found[0]);
  instance.dispose();
});

test("vectors drop the same elements, and have the bits of pairs", async () => {
  const values = tensor(gpu, [3, 40], normal(120, 6));
  const [pairs, vectors] = (["naive", "vectors"] as const).map((variant) =>
    dropout(gpu, { x: values, key: key(5, 6) }, { rate: 0.3, site: 4, variant }),
  );
  expect(await vectors?.y.read()).toEqual(await pairs?.y.read());
});

test("of a view its elements are counted in their own order", async () => {
  const wide = tensor(gpu, [2, 3], [1, 2, 3, 4, 5, 6]);
  const k = key(1, 1);
  const { gradients: found, value } = await gradientsOf(
    gpu,
    { wide },
    (p) => dropout(gpu, { x: p.wide, key: k }, { rate: 0.5, site: 0 }).y,
    { upstream: tensor(gpu, [2, 3], [1, 1, 1, 1, 1, 1]) },
  );
  expect(found.wide).toEqual(value.map((one) => (one === 0 ? 0 : 2)));
});

test("mistakes are named", () => {
  const call = (options: object) => dropout(gpu, { x, key: key(1, 1) }, options as never);
  expect(() => call({ rate: 1, site: 0 })).toThrow("rate is 1, expected a number from 0 to below 1");
  expect(() => call({ rate: 0.5 })).toThrow("site");
  expect(() => dropout(gpu, { x, key: x }, { rate: 0.5, site: 0 })).toThrow("key is");
});
