// What ladders claim, by the counters of the files that ship; and that the mistakes they plant are noticed.
import { describe, expect, test } from "vitest";
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Choice, type Prepared, prepare, type Sizes, type StudyKernel } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import type { Bug, Rung } from "../../../src/study/ladders/ladder.ts";
import { ladders } from "../../../src/study/ladders/ladders.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import { newDetector } from "../../../src/wgsl/run/race/detector.ts";
import { kernelFiles } from "../../support/shaders.ts";
import { counterOf, errorOf, type Measured, measured, resultsOf } from "./claims.ts";

const kernels = await studyKernels();
const rungs = ladders.flatMap(({ name, rungs }) => rungs.map((rung, i) => ({ name, rung, before: rungs[i - 1] })));
const rungOf = new Map(rungs.map(({ rung }) => [rung.kernel, rung]));
const kernelOf = ({ kernel }: Rung): StudyKernel => kernels.get(kernel) as StudyKernel;

/** As much as sums of a hundred products differ, relative to the largest. */
const within = 64 * 2 ** -24;

test("rungs are kernels, each of one ladder, and all kernels that are only there to be studied are rungs", () => {
  expect(rungs.map(({ rung }) => rung.kernel).filter((name) => !kernels.has(name))).toEqual([]);
  expect(rungOf.size).toBe(rungs.length);
  const own = [...kernelFiles.keys()].filter((name) => name.startsWith("ladders/"));
  expect(own.length).toBeGreaterThan(30);
  expect(own.filter((name) => !rungOf.has(name))).toEqual([]);
});

test("a kernel that is only there to be studied fits a screen", () => {
  const lines = [...kernelFiles].flatMap(([name, code]) =>
    name.startsWith("ladders/") ? [[name, code.split("\n").length - 1] as const] : [],
  );
  expect(lines.filter(([, count]) => count > 60)).toEqual([]);
});

describe("claims hold", () => {
  const known = new Map<string, Measured>();
  /** The dispatch of a rung's claims, run once. */
  const measuredAt = (rung: Rung, sizes: Sizes = {}): Measured => {
    const key = JSON.stringify([rung.kernel, sizes]);
    const choice = { ...rung.at, sizes: Object.assign({}, rung.at?.sizes, sizes) };
    const found = known.get(key) ?? measured(prepare(kernelOf(rung), choice));
    known.set(key, found);
    return found;
  };
  const digits = (value: number) => Number(value.toPrecision(3));

  test.each(rungs.filter(({ rung }) => rung.claims))("$name: $rung.kernel", ({ rung, before }) => {
    const compared = rung.than?.map((name) => rungOf.get(name) as Rung) ?? (before ? [before] : []);
    for (const { counter, of, before: first, after, sizes } of rung.claims ?? []) {
      const what = `${counter} of ${of ?? "all"}`;
      expect(digits(counterOf[counter]([measuredAt(rung, sizes)], of)), what).toBe(digits(after));
      if (first === undefined) continue;
      const all = compared.map((one) => measuredAt(one, sizes));
      expect(digits(counterOf[counter](all, of)), `${what} before`).toBe(digits(first));
    }
    for (const result of measuredAt(rung).results) expect(errorOf(result), result.name).toBeLessThan(within);
  });
});

/** Where a mistake shows, with or without it. */
function dispatchOf(kernel: StudyKernel, { from, to, sizes }: Bug, isPlanted: boolean): Prepared {
  const { name, code } = kernel.source;
  const choice: Choice = { ...kernel.small, sizes: Object.assign({}, kernel.small.sizes, sizes) };
  return prepare(kernel, isPlanted ? { ...choice, edits: { [name]: code.replace(from, () => to) } } : choice);
}

/** What shows of a dispatch in subgroups of four. */
function shown(prepared: Prepared) {
  const { shader, dispatch } = prepared;
  const entry = entryOf(checkProgram(shader.code), undefined);
  const buffers = buffersOf(entry, dispatch);
  const detector = newDetector();
  const { divergence, outOfBounds } = execute(entry, {
    workgroups: dispatch.workgroups,
    buffers,
    subgroupSize: 4,
    maxSteps: 2_000_000,
    observers: [detector.observer],
    onDivergence: "report",
  });
  return {
    faults: { race: detector.races().length, "out of bounds": outOfBounds.length, divergence: divergence.length },
    results: resultsOf(prepared, buffers),
    bits: [...buffers].flatMap(([{ name, writable }, buffer]) => (writable ? [[name, new Uint32Array(buffer)]] : [])),
  };
}

describe("the mistake is noticed, and only with it", () => {
  test.each(rungs)("$name: $rung.kernel", ({ rung }) => {
    const { bug } = rung;
    const kernel = kernelOf(rung);
    expect(kernel.source.code.split(bug.from).length, "the text stands once in the file").toBe(2);
    const whole = shown(dispatchOf(kernel, bug, false));
    expect(whole.faults).toEqual({ race: 0, "out of bounds": 0, divergence: 0 });
    for (const result of whole.results) expect(errorOf(result), result.name).toBeLessThan(within);

    const planted = shown(dispatchOf(kernel, bug, true));
    if (bug.breaks !== "result") expect(planted.faults[bug.breaks]).toBeGreaterThan(0);
    else if (planted.results.length === 0) expect(planted.bits).not.toEqual(whole.bits);
    else expect(Math.max(...planted.results.map(errorOf))).toBeGreaterThan(within);
  });
});
