// `shaderformer study KERNEL`: what it finds, and how it says it.
import { expect, test } from "vitest";
import { shapeOf } from "../../../src/cli/study/kernel.ts";
import { kernelReport } from "../../../src/cli/study/kernel-report.ts";
import { type KernelQuestion, preparedFor, studyOf } from "../../../src/cli/study/kernel-run.ts";
import { prepare } from "../../../src/study/kernel.ts";
import { studyKernel } from "../../../src/study/kernels.ts";

const nothing: KernelQuestion = {
  sizes: {},
  subgroupSize: undefined,
  maxSteps: undefined,
  isCounted: false,
  isRaced: false,
  isTraced: false,
  isFloat64: false,
  schedules: 0,
};

const study = async (name: string, question: Partial<KernelQuestion>) => {
  const all = { ...nothing, ...question };
  return studyOf(...preparedOf(await studyKernel(name), all));
};
const preparedOf = (kernel: Parameters<typeof preparedFor>[0], question: KernelQuestion) => {
  const [prepared, subgroupSize] = preparedFor(kernel, question);
  return [prepared, question, subgroupSize] as const;
};

test("counters stand beside formulas and ideals", async () => {
  const {
    figures = [],
    accesses = [],
    workgroups,
  } = await study("gemm/naive", {
    sizes: { m: 64, k: 8, n: 2 },
    isCounted: true,
  });
  expect(workgroups).toEqual([2, 1, 1]);
  const figure = (name: string) => figures.find((one) => one.name === name);
  const bytes = 4 * (2 * 64 * 8 * 2 + 64 * 2);
  expect(figure("bytes requested")).toEqual({
    name: "bytes requested",
    value: bytes,
    formula: { text: "4 * (2 * m * k * n + m * n)", value: bytes },
    ideal: 4 * (64 * 8 + 8 * 2 + 64 * 2),
  });
  // Neighbouring threads read one column of a, whose elements are 32 bytes apart: a block for each.
  expect(figure("excess of a")).toEqual({ name: "excess of a", value: 8, ideal: 1 });
  expect(accesses.find(({ name }) => name === "a")).toMatchObject({ file: "gemm/a/f32", excess: 8, kind: "load" });
});

test("a barrier that is missing is a race with two lines of its file", async () => {
  const kernel = await studyKernel("softmax/online");
  const whole = kernel.source.parts.find(({ name }) => name === "lib/reduce")?.code ?? "";
  const text = whole.replace("workgroupBarrier();", "");
  const prepared = prepare(kernel, { edits: { "lib/reduce": text } });
  const found = studyOf(prepared, { ...nothing, isRaced: true }, 4);
  const lines = text.split("\n");
  const [fault] = found.faults ?? [];
  expect(fault).toMatchObject({ kind: "read-write", between: "lanes", name: "reduce_partial" });
  for (const { file, line } of fault?.places ?? []) {
    expect(file).toBe("lib/reduce");
    expect(lines[line - 1]).toContain("reduce_partial[");
  }
  const report = kernelReport(kernel, found, ({ line }) => (lines[line - 1] ?? "").trim());
  expect(report).toMatch(
    /race: one thread writes .* \(reduce_partial, of one workgroup, \d+ times\)\n {2}lib\/reduce:\d+: /,
  );
  expect((await study("softmax/online", { isRaced: true })).faults).toEqual([]);
});

test("results are those of the reference and within float64's bounds, in any order", async () => {
  const found = await study("norm/rms-norm", { sizes: { rows: 3, columns: 12 }, isFloat64: true, schedules: 3 });
  expect(found.reference?.name).toBe("rmsNorm");
  expect(found.reference?.outputs[0]?.difference).toBeLessThan(1e-6);
  expect(found.float64).toMatchObject([{ name: "y", within: 36, outside: 0, decided: 0, unbounded: 0 }]);
  expect(found.schedules).toEqual({ runs: 3, equal: 3 });
  expect(found.figures).toBeUndefined();
  expect(found.faults).toBeUndefined();
});

test("a trace has the statements of the first subgroup and what they access", async () => {
  const { trace = [] } = await study("softmax/row-max", { sizes: { rows: 3, columns: 2 }, isTraced: true });
  const loads = trace.flatMap(({ activeLanes, accesses }) =>
    accesses.flatMap(({ name, addresses }) => (name === "x" ? [[activeLanes, ...addresses]] : [])),
  );
  expect(loads).toEqual([
    [3, 0, 8, 16],
    [3, 4, 12, 20],
  ]);
});

test("kernels for subgroups have the size that is given, or that of their file", async () => {
  expect((await study("softmax/subgroups", { subgroupSize: 4 })).workgroupSize).toEqual([4, 1, 1]);
  expect((await study("softmax/subgroups", {})).subgroupSize).toBe(8);
  expect((await study("softmax/online", {})).subgroupSize).toBe(32);
});

test("what is refused is named with its file and line", async () => {
  await expect(study("norm/rms-norm-subgroups", { subgroupSize: 64 })).rejects.toThrow(/^lib\/run-sums:\d+: /);
  await expect(study("softmax/online", { maxSteps: 10 })).rejects.toThrow(/^softmax\/online:\d+: /);
});

test("shapes are sizes by their names", () => {
  expect(shapeOf("rows=17, columns=33")).toEqual({ rows: 17, columns: 33 });
  expect(() => shapeOf("rows")).toThrow("Expected sizes by name, such as rows=17,columns=33.");
  expect(() => shapeOf("rows=1,rows=2")).toThrow("rows is given twice.");
});

test("counts, which are integers, are compared with the reference as such", async () => {
  const { reference } = await study("ladders/histogram/threads", {});
  expect(reference?.outputs).toEqual([{ name: "counts", difference: 0, largest: expect.any(Number) }]);
});
