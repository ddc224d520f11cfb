// Texts and buffers of the reader's own on the page that studies kernels, and how fast rungs are said to be.
import { expect, test } from "vitest";
import { speedWords } from "../../../site/study/gpu/speed.ts";
import { bindingsOf, boundBy } from "../../../site/study/own/bound.ts";
import { maxCharacters, readOwnBuffers, startBuffers } from "../../../site/study/own/given.ts";
import { float64Of } from "../../../site/study/worker/float64-report.ts";
import { problemOf, readyStudy } from "../../../site/study/worker/prepare.ts";
import type { Problem, Study } from "../../../site/study/worker/protocol.ts";
import { otherOrders, plainOutputs, reportOf } from "../../../site/study/worker/report.ts";
import { studyKernels } from "../../../src/study/kernels.ts";

const study = (text: string | undefined, own: Partial<NonNullable<Study["own"]>> = {}): Study => ({
  kernel: "own",
  sizes: {},
  constants: {},
  edits: text === undefined ? {} : { own: text },
  seed: 0,
  subgroupSize: 32,
  mapping: "linear",
  own: { ...startBuffers, ...own },
});

const problem = async (...given: Parameters<typeof study>): Promise<Problem> => {
  const found = await readyStudy(study(...given)).then(
    () => undefined,
    (error: unknown) => problemOf(error),
  );
  if (!found) throw new Error("it runs");
  return found;
};

test("a kernel of the reader's begins as one that runs", async () => {
  const report = reportOf(await readyStudy(study(undefined)));
  expect([...(report.outputs[0]?.values ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(report).toMatchObject({ races: [], outOfBounds: [], reference: undefined });
  expect(report.counted).toMatchObject({ workgroups: 2, threads: 8, formulas: undefined });
});

/** It uses what the engine takes no kernel with: several entry points, a constant in a binding's number. */
const pasted = `const SLOT = 1;
struct Params { rows: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(1) @binding(SLOT) var<storage, read_write> sums: array<f32>;
var<workgroup> all: array<f32, 6>;
@compute @workgroup_size(4)
fn other() {}
@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) i: u32) {
  all[i] = params.scale;
  sums[0] += f32(i) * all[3u - i];
}`;

const pastedBindings = `[
  { "binding": 0, "values": { "rows": 4, "scale": 0.5 } },
  { "group": 1, "binding": 1, "type": "f32", "values": [2, "NaN"] }
]`;

test("a pasted text of any form runs on buffers of its own, with its counters, races and other orders", async () => {
  const own = { bindings: pastedBindings, workgroups: [1, 1, 1] as const, entry: "main" };
  const ready = await readyStudy(study(pasted, own));
  expect(ready.prepared).toMatchObject({ workgroups: [1, 1, 1], axes: { rows: 4, scale: 0.5 } });
  const report = reportOf(ready);
  expect(report.races.map(({ kind, name, lines }) => `${kind} ${name} ${lines}`)).toEqual(
    expect.arrayContaining(["read-write all 10,11", "write-write sums 11,11"]),
  );
  expect(report.counted).toMatchObject({ threads: 4, workgroupBytes: 32 });
  expect(report.outputs).toMatchObject([{ name: "sums", scalar: "f32", expected: undefined }]);
  expect(report.outputs[0]?.values[1]).toBeNaN();
  expect(otherOrders(ready, report)?.runs).toBeGreaterThan(0);
  const { outputs, usual } = await float64Of(ready);
  expect([Object.keys(outputs), usual]).toEqual([["sums"], {}]);
  // Buffers are as given at each run.
  expect(plainOutputs(ready)[0]?.values).toEqual(report.outputs[0]?.values);
});

test("shuffled threads run the same way with counters, without, and in float64", async () => {
  const text = `enable subgroups;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(16) fn main(@builtin(local_invocation_index) i: u32) { y[i] = f32(subgroupMin(i)); }`;
  const own = { bindings: '[{ "binding": 0, "type": "f32", "length": 16 }]', workgroups: [1, 1, 1] as const };
  const found = async (mapping: Study["mapping"]) => {
    const ready = await readyStudy({ ...study(text, own), subgroupSize: 8, mapping });
    const values = [reportOf(ready).outputs[0], plainOutputs(ready)[0], (await float64Of(ready)).outputs["y"]];
    return values.map((one) => [...(one?.values ?? [])].join());
  };
  const [linear, permuted] = [new Set(await found("linear")), new Set(await found("permuted"))];
  expect(linear).toEqual(new Set([Array.from({ length: 16 }, (_, i) => i - (i % 8)).join()]));
  expect(permuted.size).toBe(1);
  expect(permuted).not.toEqual(linear);
});

test("what is wrong with buffers is said, with the line of the text where there is one", async () => {
  const ofBuffers = { isOfBuffers: true };
  expect(await problem(undefined, { bindings: '[{ "binding": 0 ]' })).toEqual({
    message: 'bindings: is not valid JSON at line 1, column 17: expected "," or "}", found "]"',
    place: undefined,
    ...ofBuffers,
  });
  expect(await problem(undefined, { bindings: '[{ "binding": 0, "type": "f64", "length": 1 }]' })).toMatchObject({
    message: 'bindings: [0].type is "f64", expected f32, i32, u32, f16',
    ...ofBuffers,
  });
  expect(await problem(undefined, { bindings: '[{ "binding": 0, "type": "f32", "length": 4 }]' })).toMatchObject({
    message: "y, @group(0) @binding(1), has no data",
    place: { file: "own", line: 6 },
    ...ofBuffers,
  });
  const unknown = startBuffers.bindings.replace("\n]", ',\n{ "binding": 7, "type": "u32", "length": 1 }]');
  expect(await problem(undefined, { bindings: unknown })).toMatchObject({
    message: "the text: has no @group(0) @binding(7), for which data is given",
    ...ofBuffers,
  });
  const large = startBuffers.bindings.replace('"length": 10', '"length": 100000000');
  expect(await problem(undefined, { bindings: large })).toMatchObject({
    message: "bindings: [1]: has 400000000 bytes, more than 16777216",
    ...ofBuffers,
  });
  const together = startBuffers.bindings.replace('"length": 10', '"length": 4194304');
  expect(await problem(undefined, { bindings: together })).toMatchObject({
    message: "bindings: they have 16777256 bytes, of which there may be 16777216 here",
  });
  expect(await problem(undefined, { bindings: " ".repeat(maxCharacters + 1) })).toMatchObject({
    message: 'bindings: they have 100001 characters, at most 100000 fit a link; "length" gives zeros',
  });
  expect(await problem(undefined, { workgroups: [65_535, 65_535, 1] })).toMatchObject({
    message: "4294836225 workgroups, of which there may be 1048576 here",
  });
});

test("what is wrong with the text is not said of buffers", async () => {
  expect(await problem("fn f() { let = 1; }")).toMatchObject({ place: { file: "own", line: 1 }, isOfBuffers: false });
  expect(await problem(pasted, { bindings: pastedBindings })).toMatchObject({
    message: "several entry points: other, main",
    isOfBuffers: false,
  });
});

test("a kernel of the repository, changed or not, runs on buffers of the reader's, and is not graded", async () => {
  const ofRecord: Study = { ...study(undefined), kernel: "gemm/tiled", sizes: { m: 4, k: 4, n: 4 }, own: undefined };
  const before = await readyStudy(ofRecord);
  const own = { bindings: bindingsOf(before.buffers()), workgroups: before.prepared.workgroups };
  const ready = await readyStudy({ ...ofRecord, sizes: {}, own });
  const [report, usual] = [reportOf(ready), reportOf(before)];
  expect([usual.reference, report.reference, report.counted.formulas]).toEqual(["gemm", undefined, undefined]);
  expect(report.counted.accesses).toEqual(usual.counted.accesses);
  const [values = [], wanted = []] = [report.outputs[0]?.values, usual.outputs[0]?.values];
  expect(values).toHaveLength(16);
  for (const [i, value] of values.entries()) expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThan(0.02); // 3 digits
  // The record asks for the constant TILE, which a text on buffers of its own need not have.
  const renamed = ready.prepared.files[0]?.text.replaceAll("TILE", "SIDE") ?? "";
  const changed = await readyStudy({ ...ofRecord, own, edits: { "gemm/tiled": renamed } });
  expect(plainOutputs(changed)[0]?.values).toEqual(values);
});

test("the buffers of a kernel of each folder are given as JSON that gives them again", async () => {
  const names = [...(await studyKernels()).keys()];
  const folderOf = (name: string) => name.slice(0, name.lastIndexOf("/"));
  const ofFolders = new Map(names.map((name) => [folderOf(name), name]));
  expect(ofFolders.size).toBeGreaterThan(20);
  for (const kernel of ofFolders.values()) {
    const ready = await readyStudy({ ...study(undefined), kernel, own: undefined });
    const before = ready.buffers();
    const bindings = bindingsOf(before);
    expect(bindings.length).toBeLessThan(maxCharacters);
    const again = boundBy({ bindings, workgroups: [1, 1, 1] }, ready.program, ready.entry);
    const bytes = (buffers: ReadonlyMap<unknown, ArrayBuffer>) =>
      [...before.keys()].map((variable) => [kernel, variable.name, buffers.get(variable)?.byteLength]);
    expect(bytes(again)).toEqual(bytes(before));
    for (const [variable, content] of before) {
      if (variable.space === "uniform") expect([kernel, again.get(variable)]).toEqual([kernel, content]);
    }
  }
});

test("a link's buffers are read, and nothing else", () => {
  expect(readOwnBuffers(JSON.stringify(startBuffers))).toEqual(startBuffers);
  const wrong = [{ workgroups: [1, 1] }, { workgroups: [1, 1, 0] }, { bindings: 1 }, { entry: 1 }];
  for (const one of [...wrong, { bindings: " ".repeat(maxCharacters + 1) }]) {
    expect(() => readOwnBuffers(JSON.stringify({ ...startBuffers, ...one }))).toThrow(/^no /);
  }
});

test("a speed is said with the one before, and a gain below 1.3 times is none", () => {
  const said = (ms: number | undefined, before?: number) =>
    speedWords({
      ms,
      reason: "y is off",
      before: before === undefined ? undefined : { name: "gemm/naive", ms: before },
      sizes: {},
    });
  expect([said(1, 3.4), said(1, 1.29), said(1.29, 1), said(2, 1), said(0.25), said(undefined, 1)]).toEqual([
    "1.00 ms, 3.40× as fast as gemm/naive",
    "1.00 ms, about the same as gemm/naive",
    "1.29 ms, about the same as gemm/naive",
    "2.00 ms, 2.00× the time of gemm/naive",
    "250 µs",
    "not timed: y is off",
  ]);
});
