// What each thread accesses, one by one; and that counters, which are kept while a run goes on, are what it adds up to.
import { describe, expect, test } from "vitest";
import { buffersOf } from "../../../../src/study/buffers.ts";
import { prepare } from "../../../../src/study/kernel.ts";
import { studyKernels } from "../../../../src/study/kernels.ts";
import { entryOf } from "../../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { newCounter } from "../../../../src/wgsl/run/count/counter.ts";
import { newTracer, type TracedAccess } from "../../../../src/wgsl/run/count/tracer.ts";
import { execute } from "../../../../src/wgsl/run/execute/execute.ts";
import { runWgsl } from "../../../../src/wgsl-run.ts";

const trace = (code: string, workgroups = 1) =>
  runWgsl(code, {
    bindings: [{ binding: 0, data: new Uint32Array(16) }],
    workgroups: [workgroups],
    subgroupSize: 4,
    mode: "tracing",
  });

test("accesses have their line, bytes, thread and order, in buffers and workgroup memory", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<vec2u>;
var<workgroup> n: atomic<u32>;
var<workgroup> w: u32;
@compute @workgroup_size(6) fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) group: vec3u) {
  if i % 3 == 1 {
    y[7 * group.x + i].y += atomicAdd(&n, i);
  }
  let all = workgroupUniformLoad(&w);
}`;
  const { accesses, droppedAccesses, outOfBounds } = trace(code, 2);
  const shown = accesses.map(({ line, kind, name, byte, bytes, lane, workgroup: [x] }) =>
    [line, kind, name, byte, bytes, lane, x].join(" "),
  );
  const uniform = (x: number) => [0, 1, 2, 3, 4, 5].map((lane) => `8 load w 0 4 ${lane} ${x}`);
  expect(shown).toEqual([
    ...["6 load y 12 4 1 0", "6 atomic n 0 4 1 0", "6 store y 12 4 1 0"],
    ...["6 load y 36 4 4 0", "6 atomic n 0 4 4 0", "6 store y 36 4 4 0"],
    ...uniform(0),
    ...["6 load y -1 4 1 1", "6 atomic n 0 4 1 1", "6 store y -1 4 1 1"],
    ...["6 load y -1 4 4 1", "6 atomic n 0 4 4 1", "6 store y -1 4 4 1"],
    ...uniform(1),
  ]);
  const steps = accesses.map(({ step }) => step);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  // A statement is a step of a subgroup; those of two subgroups are two steps.
  expect(new Set(steps.slice(0, 3)).size).toBe(1);
  expect(new Set(steps.slice(0, 6)).size).toBe(2);
  expect(outOfBounds).toEqual([{ line: 6 }]);
  expect(droppedAccesses).toBe(0);
});

test("no more than 65,536 are kept, and the others counted", () => {
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  for (var t = 0u; t < 10000; t++) { y[i] += t; }
}`;
  const { accesses, droppedAccesses } = trace(code);
  expect(accesses.length).toBe(65_536);
  expect(droppedAccesses).toBe(4 * 2 * 10_000 - 65_536);
  expect(accesses.at(-1)).toMatchObject({ lane: 3, byte: 12, kind: "store" });
});

const subgroupSize = 8;

function grouped<T, K>(all: Iterable<T>, keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

/** Accesses that a subgroup makes together. */
function requestsIn(accesses: readonly TracedAccess[]): TracedAccess[][] {
  const requests: TracedAccess[][] = [];
  let last: TracedAccess | undefined;
  const groupOf = ({ lane }: TracedAccess) => Math.floor(lane / subgroupSize);
  for (const one of accesses) {
    const isSame =
      last?.step === one.step && last.at === one.at && last.kind === one.kind && last.variable === one.variable;
    if (last && isSame && last.lane < one.lane && groupOf(last) === groupOf(one)) requests.at(-1)?.push(one);
    else requests.push([one]);
    last = one;
  }
  return requests.map((request) => request.filter(({ byte }) => byte >= 0)).filter(({ length }) => length > 0);
}

/** Units of so many bytes that accesses touch. */
function touched(accesses: readonly TracedAccess[], unit: number): Set<number> {
  const units = new Set<number>();
  for (const { byte, bytes } of accesses) {
    for (let one = Math.floor(byte / unit); one * unit < byte + bytes; one++) units.add(one);
  }
  return units;
}

/** The most words of a bank that a phase touches, of each phase of a request to workgroup memory. */
function turnsOf(request: readonly TracedAccess[]): number[] {
  const lanes = Math.min(32, Math.max(1, Math.floor(128 / (request[0]?.bytes ?? 4))));
  const phases = grouped(request, ({ lane }) => Math.floor((lane % subgroupSize) / lanes));
  return [...phases.values()].map((phase) => {
    const banks = grouped(touched(phase, 4), (word) => word % 32);
    return Math.max(...[...banks.values()].map(({ length }) => length));
  });
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

/** What counters say of requests of one access. */
function counted(requests: readonly (readonly TracedAccess[])[], isBanked: boolean) {
  const asked = sum(requests.flatMap((request) => request.map(({ bytes }) => bytes)));
  if (isBanked) return { requests: requests.length, asked, bankCycles: sum(requests.flatMap(turnsOf)) };
  const unique = requests.map((request) => 2 * touched(request, 2).size);
  return {
    requests: requests.length,
    asked,
    unique: sum(unique),
    segments32: sum(requests.map((request) => touched(request, 32).size)),
    fewest32: sum(unique.map((bytes) => Math.ceil(bytes / 32))),
  };
}

const kernels = await studyKernels();

describe("counters of every access are sums over the threads of the trace", () => {
  test.each([...kernels])("%s", (_, kernel) => {
    const { shader, dispatch } = prepare(kernel, kernel.small);
    const entry = entryOf(checkProgram(shader.code), undefined);
    const [counter, tracer] = [newCounter(), newTracer(2 ** 24)];
    execute(entry, {
      workgroups: dispatch.workgroups,
      buffers: buffersOf(entry, dispatch),
      subgroupSize,
      observers: [counter.observer, tracer.observer],
    });
    expect(tracer.dropped()).toBe(0);
    const keyOf = ({ kind, at, variable }: Pick<TracedAccess, "kind" | "at" | "variable">) =>
      `${kind} ${variable.name} at ${at}`;
    const traced = grouped(requestsIn(tracer.accesses), ([first]) => keyOf(first as TracedAccess));
    // A function that is called with several pointers is there several times.
    const sites = grouped(counter.counts().accesses, keyOf);
    expect(sites.size).toBeGreaterThan(0);
    for (const [key, counts] of sites) {
      const isBanked = counts[0]?.variable.space === "workgroup";
      const found = counted(traced.get(key) ?? [], isBanked);
      const total = (name: string) => sum(counts.map((one) => one[name as keyof typeof found]));
      expect(Object.fromEntries(Object.keys(found).map((name) => [name, total(name)])), key).toEqual(found);
    }
    expect([...traced.keys()].filter((key) => !sites.has(key))).toEqual([]);
  });
});
