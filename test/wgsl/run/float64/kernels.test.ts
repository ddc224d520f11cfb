import { describe, expect, test } from "vitest";
import { buffersOf } from "../../../../src/study/buffers.ts";
import { type Choice, prepare, type StudyKernel } from "../../../../src/study/kernel.ts";
import { studyKernels } from "../../../../src/study/kernels.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { execute } from "../../../../src/wgsl/run/execute/execute.ts";
import { compareWithFloat64, type Elements } from "../../../../src/wgsl/run/float64/elements.ts";
import { runFloat64 } from "../../../../src/wgsl/run/float64/float64.ts";
import type { EntryPoint } from "../../../../src/wgsl/run/program.ts";
import { moduleOf } from "../../../support/shaders.ts";
import { halfParts } from "../../half-parts.ts";

const kernels = await studyKernels();

/**
 * Kernels that round floats to integers which they then compare: where a goal lies between two running sums depends on
 * rounding.
 */
const decidedByRounding = new Set(["sampling/sample", "sampling/token-weights"]);

/** Kernels with sines, which WGSL lets err by 2^-11, and by anything of an angle beyond π. */
const withSines = new Set(["ladders/rope/angles", "ladders/rope/turns"]);

/** Runs a kernel's smallest dispatch in float64, and plainly; the latter with an edited text, if it is to be edited. */
function compareKernel(kernel: StudyKernel, edit?: (code: string) => string, choice: Choice = kernel.small) {
  const { dispatch, shader } = prepare(kernel, choice);
  const entryOf = (code: string) => [...checkProgram(code).entryPoints.values()][0] as EntryPoint;
  const entry = entryOf(shader.code);
  const edited = edit ? entryOf(edit(shader.code)) : entry;
  const { results } = runFloat64(entry, { workgroups: dispatch.workgroups, buffers: buffersOf(entry, dispatch) });
  const buffers = buffersOf(edited, dispatch);
  execute(edited, { workgroups: dispatch.workgroups, buffers });
  return [...results].map(([variable, elements]) => {
    const [, written] = [...buffers].find(([{ name }]) => name === variable.name) as [unknown, ArrayBuffer];
    return { name: variable.name, elements, comparison: compareWithFloat64(elements, written) };
  });
}

const largestOf = ({ values }: Elements): number =>
  values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);

describe("what the interpreter writes is within the bounds of float64, which are narrow", () => {
  test.each([...kernels])("%s", (name, kernel) => {
    for (const { elements, comparison } of compareKernel(kernel)) {
      expect(comparison.outside, JSON.stringify(comparison.worst)).toBe(0);
      if (!decidedByRounding.has(name)) expect(comparison.decided).toBe(0);
      const largest = largestOf(elements);
      for (const [i, bound] of elements.bounds.entries()) {
        if (elements.decided[i] === 1 || withSines.has(name)) continue;
        const isNumber = !Number.isNaN(elements.values[i]);
        expect(!isNumber || bound <= 2 ** -13 * largest, `${bound} of ${elements.values[i]}`).toBe(true);
      }
    }
  });
});

describe("so is what it writes of kernels that store f16", () => {
  test.each(halfParts)("%s with %s", (name, part) => {
    const kernel = kernels.get(name) as StudyKernel;
    for (const { comparison } of compareKernel(kernel, undefined, { ...kernel.small, parts: [moduleOf(part)] })) {
      expect(comparison).toMatchObject({ outside: 0, decided: 0, unbounded: 0 });
    }
  });
});

describe("a wrong kernel is outside", () => {
  test.each([
    ["norm/layer-norm", "+ params.eps", "+ params.eps + 1e-3"],
    ["norm/rms-norm", "+ params.eps", ""],
    ["norm/rms-norm", "f32(params.cols)", "f32(params.cols - 1u)"],
    ["softmax/workgroup", "exponential(x[row.first + i] - shift)", "exp2(x[row.first + i] - shift)"],
    ["softmax/online", "sums * exponential(shift - largest)", "sums"],
    ["matmul/naive", "i < params.k;", "i + 1 < params.k;"],
    ["gemm/tiled", "first < params.k;", "first + TILE < params.k;"],
    ["attention/rows", "dot(products, vec4f(1.0)) * params.scale", "dot(products, vec4f(1.0))"],
    ["attention/flash-plain", "first < seen_by_block;", "first + KEYS < seen_by_block;"],
    ["rope/rotate", "first * cosine - second * sine", "first * cosine + second * sine"],
    ["cross-entropy/naive", "log_whole - below", "log_whole + below"],
  ])("%s with %s as %s", (name, from, to) => {
    const found = compareKernel(kernels.get(name) as StudyKernel, (code) => {
      expect(code.split(from).length).toBe(2);
      return code.replace(from, to);
    });
    expect(found.reduce((sum, { comparison }) => sum + comparison.outside, 0)).toBeGreaterThan(0);
  });
});
