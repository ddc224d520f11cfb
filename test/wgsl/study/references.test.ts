// What kernels compute in the interpreter: what their references say, at the cost that their formulas say.
import { expect, test } from "vitest";
import { buffersOf } from "../../../src/study/buffers.ts";
import { inputsOf } from "../../../src/study/dispatch.ts";
import { floatOperations, requestedBytes } from "../../../src/study/figures.ts";
import { costOf, type Prepared, prepare } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import { newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { EntryPoint } from "../../../src/wgsl/run/program.ts";
import type { Type } from "../../../src/wgsl/run/types.ts";

function run({ shader, dispatch }: Prepared, seed: number) {
  const entry = checkProgram(shader.code).entryPoints.get("main") as EntryPoint;
  const inputs = inputsOf(dispatch, seed);
  const buffers = buffersOf(entry, dispatch, inputs);
  const counter = newCounter();
  execute(entry, { workgroups: dispatch.workgroups, buffers, observers: [counter.observer] });
  const outputs = new Map([...buffers].map(([{ name, type }, buffer]) => [name, numbersOf(type, buffer)]));
  return { inputs, outputs, counts: counter.counts() };
}

const numbersOf = (type: Type, buffer: ArrayBuffer): number[] =>
  scalarsIn(type, buffer.byteLength).map(({ scalar: { scalar }, offset }) =>
    numberAt(new DataView(buffer), scalar, offset),
  );

/** Sums of a hundred products, in units of 2^-24 of the largest result. */
const within = 64 * 2 ** -24;

const cases = [...(await studyKernels())].flatMap(([name, kernel]) =>
  kernel.reference || kernel.cost
    ? [
        [name, "small", prepare(kernel, kernel.small)] as const,
        ...(Object.keys(kernel.sizes).length > 0 ? [[name, "usual", prepare(kernel)] as const] : []),
      ]
    : [],
);

test("kernels of ladders have a reference", () => {
  expect(new Set(cases.map(([name]) => name)).size).toBeGreaterThan(50);
});

test.each(cases)("%s, %s sizes", (_, which, prepared) => {
  const { kernel, sizes, value } = prepared;
  const { inputs, outputs, counts } = run(prepared, which === "small" ? 1 : 0);
  for (const [name, { values }] of Object.entries(kernel.reference?.results(inputs, sizes, value) ?? {})) {
    const found = outputs.get(name) ?? [];
    expect(found.length, name).toBe(values.length);
    const largest = values.reduce((most, one) => (one > -1e37 ? Math.max(most, Math.abs(one)) : most), 0);
    const isNear = (one: number, i: number) =>
      Math.abs(one - (found[i] ?? Number.NaN)) <= within * Math.max(largest, Math.abs(one));
    expect([...values].flatMap((one, i) => (isNear(one, i) ? [] : [`${name}[${i}]: ${found[i]}, not ${one}`]))).toEqual(
      [],
    );
  }
  const cost = costOf(prepared);
  if (!cost) return;
  expect(requestedBytes(counts)).toBe(cost["requestedBytes"]);
  if ("operations" in cost) expect(floatOperations(counts).operations).toBe(cost["operations"]);
});
