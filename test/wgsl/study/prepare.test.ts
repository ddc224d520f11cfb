import { expect, test } from "vitest";
import { type Dispatch, floats, inputsOf, positive } from "../../../src/study/dispatch.ts";
import { prepare } from "../../../src/study/kernel.ts";
import { studyKernel, studyKernels } from "../../../src/study/kernels.ts";
import { kernelFiles, moduleOf } from "../../support/shaders.ts";

const kernels = await studyKernels();

test("every kernel has a dispatch", () => {
  expect([...kernels.keys()].sort()).toEqual([...kernelFiles.keys()].sort());
});

test("every kernel is found by its name", async () => {
  for (const [name, kernel] of kernels) expect(await studyKernel(name)).toBe(kernel);
});

const ofOne = (count: number): Dispatch => ({
  uniforms: {},
  inputs: { x: floats(count), y: floats(count), z: positive(count), ids: Uint32Array.of(3, 1) },
  outputs: {},
  workgroups: [1, 1, 1],
});

test("numbers of an input are all different, in bounds, and those of its name and seed", () => {
  const { x, y, z, ids } = inputsOf(ofOne(100_000)) as Record<string, Float32Array>;
  for (const [numbers, from, to] of [
    [x, -1.5, 1.5],
    [z, 0.1, 1],
  ] as const) {
    expect(new Set(numbers).size).toBe(100_000);
    expect(numbers?.every((value) => value >= from && value <= to && value !== 0)).toBe(true);
  }
  expect(x).not.toEqual(y);
  expect(inputsOf(ofOne(100_000))["x"]).toEqual(x);
  expect(inputsOf(ofOne(100_000), 1)["x"]).not.toEqual(x);
  expect(inputsOf(ofOne(5), 1)["ids"]).toEqual(ids);
});

test("sizes and constants are those of the choice", async () => {
  const kernel = await studyKernel("gemm/tiled");
  const { dispatch, shader, sizes } = prepare(kernel, { sizes: { m: 9, n: 7 }, constants: { TILE: 4 } });
  expect(sizes).toEqual({ m: 9, k: 32, n: 7 });
  expect(dispatch.workgroups).toEqual([2, 3, 1]);
  expect(shader.code).toContain("const TILE: u32 = 4u;");
  expect(prepare(kernel).dispatch.workgroups).toEqual([3, 3, 1]);
});

test.each([
  ["gemm/tiled", { sizes: { rows: 3 } }, "gemm/tiled: there is no size rows; it has m, k, n"],
  ["gemm/tiled", { sizes: { m: 0 } }, "gemm/tiled: m is 0, expected an integer from 1 to 4096"],
  ["matmul/register", { sizes: { k: 6 } }, "matmul/register: k is 6, expected a multiple of 4 from 1 to 4096"],
  ["attention/rows", { sizes: { queries: 9, keys: 8 } }, "attention/rows: there are 9 queries and 8 keys"],
  ["attention/flash", { sizes: { width: 68 } }, "attention/flash: heads of 68 have no tiles"],
  ["softmax/subgroup-registers", { sizes: { columns: 33 } }, "do not fit in the registers of a subgroup"],
  ["peaks/copy", { sizes: { n: 1 } }, "peaks/copy: there is no size n; it has one dispatch"],
  ["peaks/copy", { constants: { WORKGROUP: 8 } }, "peaks/copy: its dispatch has one value of WORKGROUP"],
  ["gemm/tiled", { edits: { "lib/grid": "" } }, "gemm/tiled: it has no file lib/grid; it has gemm/tiled, gemm/a/f32"],
])("%s refuses %j", async (name, choice, message) => {
  const kernel = await studyKernel(name);
  expect(() => prepare(kernel, choice)).toThrow(message);
});

test("a kernel that there is not is refused with those that there are", async () => {
  await expect(studyKernel("gemm/tile")).rejects.toThrow("there is no kernel gemm/tile; there are gemm/naive, ");
  await expect(studyKernel("flash")).rejects.toThrow("there are alignment/, attention/, cross-entropy/, ");
});

test("an edited file takes the place of its text, and lines of the joined text are those of files", async () => {
  const kernel = await studyKernel("softmax/online");
  const text = moduleOf("lib/reduce").code.replace("workgroupBarrier();", "workgroupBarrier(); // first");
  const { shader } = prepare(kernel, { edits: { "lib/reduce": text } });
  const line = shader.code.split("\n").findIndex((one) => one.endsWith("// first"));
  expect(shader.lines[line]).toEqual({
    file: "lib/reduce",
    line: text.split("\n").findIndex((one) => one.endsWith("// first")) + 1,
  });
  expect(prepare(kernel).shader.code).not.toContain("// first");
});
