// What counters say of dispatches, in the terms of claims.
import { buffersOf } from "../../../src/study/buffers.ts";
import { inputsOf } from "../../../src/study/dispatch.ts";
import type { Prepared } from "../../../src/study/kernel.ts";
import type { Counter } from "../../../src/study/ladders/ladder.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { numberAt, scalarsIn } from "../../../src/wgsl/run/contents.ts";
import { type AccessCounts, type Counts, newCounter } from "../../../src/wgsl/run/count/counter.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import type { Variable } from "../../../src/wgsl/run/program.ts";

/** A dispatch that ran. */
export interface Measured {
  readonly counts: Counts;
  readonly workgroupBytes: number;
  /** Of each output that has a reference: what was found and what it should be. */
  readonly results: readonly Result[];
}

interface Result {
  readonly name: string;
  readonly found: readonly number[];
  readonly expected: Float64Array;
}

/** The numbers of outputs beside those of the reference. */
export function resultsOf(
  { kernel, dispatch, sizes, value }: Prepared,
  buffers: ReadonlyMap<Variable, ArrayBuffer>,
): Result[] {
  const expected = kernel.reference?.results(inputsOf(dispatch), sizes, value) ?? {};
  return [...buffers].flatMap(([{ name, type }, buffer]) => {
    const values = expected[name]?.values;
    if (!values) return [];
    const view = new DataView(buffer);
    const found = scalarsIn(type, buffer.byteLength).map(({ scalar: { scalar }, offset }) =>
      numberAt(view, scalar, offset),
    );
    return [{ name, found, expected: values }];
  });
}

/**
 * The largest difference of a result from its reference, over the largest number there; infinite where one is NaN. What
 * stands for a score that is hidden is not the largest number.
 */
export function errorOf({ found, expected }: Result): number {
  const largest = expected.reduce((most, one) => (one > -1e37 ? Math.max(most, Math.abs(one)) : most), 0);
  const errors = expected.map((one, i) => Math.abs(one - (found[i] ?? Number.NaN)) / Math.max(largest, Math.abs(one)));
  const most = errors.reduce((one, other) => Math.max(one, other), 0);
  return Number.isNaN(most) ? Number.POSITIVE_INFINITY : most;
}

/** Runs a dispatch with subgroups of 32 lanes. */
export function measured(prepared: Prepared): Measured {
  const { shader, dispatch } = prepared;
  const entry = entryOf(checkProgram(shader.code), undefined);
  const buffers = buffersOf(entry, dispatch);
  const counter = newCounter();
  execute(entry, { workgroups: dispatch.workgroups, buffers, observers: [counter.observer] });
  return {
    counts: counter.counts(),
    workgroupBytes: shader.declarations.workgroupBytes ?? 0,
    results: resultsOf(prepared, buffers),
  };
}

const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);

type Find = (access: AccessCounts) => boolean;

const accessesOf = (all: readonly Measured[], name: string | undefined, find: Find): AccessCounts[] =>
  all.flatMap(({ counts }) =>
    counts.accesses.filter((one) => (name === undefined || one.variable.name === name) && find(one)),
  );

const inBuffer: Find = ({ variable }) => variable.space === "storage";
const inWorkgroup: Find = ({ variable }) => variable.space === "workgroup";
const isAtomic: Find = ({ kind }) => kind === "atomic";

/** Bytes of a variable that were touched, in the dispatch that touches most of it. */
const touchedOf = (all: readonly Measured[], name: string | undefined): number =>
  Math.max(
    ...all.map(({ counts }) => sum([...counts.touched], ([variable, bytes]) => (variable.name === name ? bytes : 0))),
  );

const operationsOf = (all: readonly Measured[], name: string | undefined): number =>
  sum(all, ({ counts }) =>
    sum(counts.operations, (one) => (one.name === name && one.scalar.startsWith("f") ? one.count : 0)),
  );

const perWorkgroup = (all: readonly Measured[], of: (counts: Counts) => number): number =>
  sum(all, ({ counts }) => of(counts) / counts.workgroups);

/** Counters of dispatches together. */
export const counterOf: Readonly<Record<Counter, (all: readonly Measured[], of?: string) => number>> = {
  excess: (all, of) => {
    const found = accessesOf(all, of, inBuffer);
    return sum(found, (one) => one.segments32) / sum(found, (one) => one.fewest32);
  },
  ways: (all, of) => Math.max(0, ...accessesOf(all, of, inWorkgroup).map(({ ways }) => ways)),
  reads: (all, of) =>
    sum(
      accessesOf(all, of, ({ kind }) => kind === "load"),
      ({ asked }) => asked,
    ) / touchedOf(all, of),
  requests: (all, of) => sum(accessesOf(all, of, inBuffer), ({ requests }) => requests),
  asked: (all, of) => sum(accessesOf(all, of, inBuffer), ({ asked }) => asked),
  shared: (all, of) =>
    sum(
      accessesOf(all, of, (one) => inWorkgroup(one) && one.kind === "load"),
      ({ asked }) => asked,
    ) / operationsOf(all, "fma"),
  barriers: (all) => perWorkgroup(all, ({ barriers }) => barriers.workgroup),
  parted: (all) => perWorkgroup(all, ({ parted }) => sum([...parted.values()], (count) => count)),
  atomics: (all, of) =>
    sum(
      accessesOf(all, of, (one) => inBuffer(one) && isAtomic(one)),
      ({ asked, bytes }) => asked / bytes,
    ),
  contention: (all, of) => {
    const found = accessesOf(all, of, isAtomic);
    return found.length === 0 ? 0 : sum(found, ({ asked }) => asked) / sum(found, ({ unique }) => unique);
  },
  operations: operationsOf,
  workgroups: (all) => sum(all, ({ counts }) => counts.workgroups),
  memory: (all) => Math.max(...all.map(({ workgroupBytes }) => workgroupBytes)),
  digits: (all) =>
    Math.min(...all.flatMap(({ results }) => results.map((one) => Math.max(0, Math.floor(-Math.log10(errorOf(one))))))),
};
