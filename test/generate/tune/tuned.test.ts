// What was measured on a device: stored, read again, and used for the calls that it holds for.
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { defineKernel, defineOp, type Gpu, openGpu, type Tensor, tensor, wgslModule } from "../../../src/index.ts";
import type { OpCall } from "../../../src/kernels/define/preference.ts";
import { matmul } from "../../../src/kernels/matmul/matmul.ts";
import { softmax } from "../../../src/kernels/softmax/softmax.ts";
import { keyOf, sizeClass } from "../../../src/tune/call-key.ts";
import { collect, subjectsOf } from "../../../src/tune/collect.ts";
import { kernelTexts } from "../../../src/tune/kernel-texts.ts";
import { tunePass } from "../../../src/tune/pass.ts";
import * as checks from "../../../src/tune/small-check.ts";
import { tunedRows, useRows, useStored } from "../../../src/tune/tuned.ts";
import { nameOf, type TunedRow, tunedDevice, tuningRecord } from "../../../src/tune/tuning-record.ts";
import { tuningStore } from "../../../src/tune/tuning-store.ts";

const gpu = await openGpu({ features: [] }); // choices are a device's: not one that other files use
const folder = await mkdtemp(join(tmpdir(), "shaderformer-tuning-"));
afterAll(async () => {
  gpu.close();
  await rm(folder, { recursive: true, force: true });
});

const ones = (...shape: number[]) => tensor(gpu, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1));
const x = ones(9, 64);
const weight = ones(32, 64);

/** The call that `fn` makes. */
function callOf(fn: () => unknown): OpCall {
  const { collected } = collect(gpu, () => gpu.record(fn));
  const [call] = collected[0]?.calls ?? [];
  if (!call) throw new Error("it makes no call");
  return call;
}

const chosen = (fn: () => unknown) => gpu.record(fn).calls.map(({ variant }) => variant);
const product = () => matmul(gpu, { x, weight });

/** A measurement of a call that this variant has won. */
function rowFor(call: OpCall, choice: string): TunedRow {
  const variants = Object.keys(call.op.variants).map((name) => ({ name, ms: 1 }));
  return {
    key: keyOf(call),
    choice,
    untuned: "register",
    variants,
    texts: kernelTexts(gpu, call).texts,
    measured: new Date().toISOString(),
  };
}

const store = async (rows: readonly TunedRow[], change: (text: string) => string = (text) => text) => {
  const device = tunedDevice(gpu);
  await tuningStore(folder)?.write(nameOf(device), change(JSON.stringify(tuningRecord(device, rows))));
};

/** Reads what is stored and uses it; gives the warnings. */
async function use(): Promise<string[]> {
  const warnings: string[] = [];
  await useStored(gpu, { folder, onWarning: (warning) => void warnings.push(warning) });
  return warnings;
}

test("calls of one class of shapes share a measurement, others do not", () => {
  expect([1, 8, 9, 16, 17, 576].map(sizeClass)).toEqual([8, 8, 16, 16, 32, 1024]);
  const key = (rows: number, bias: boolean) =>
    keyOf(callOf(() => matmul(gpu, { x: ones(rows, 64), weight, ...(bias ? { bias: ones(32) } : {}) })));
  expect(key(1, false)).toBe("matmul | weight:f32[32,64] x:f32[8,64]");
  expect(key(8, false)).toBe(key(1, false)); // a step over several tokens computes as steps over one
  expect(key(9, false)).not.toBe(key(8, false));
  expect(key(1, true)).toBe("matmul | bias:f32[32] weight:f32[32,64] x:f32[8,64]");
});

test("a stored winner is used after the next start, for its own calls, unless a variant is named", async () => {
  const [untuned] = chosen(product);
  expect(untuned).toBe("register");
  await store([rowFor(callOf(product), "naive")]);
  expect(chosen(product)).toEqual(["register"]); // not before it is read
  expect(await use()).toEqual([]);
  expect(tunedRows(gpu)).toHaveLength(1);
  expect(chosen(product)).toEqual(["naive"]);
  expect(chosen(() => matmul(gpu, { x, weight }, { variant: "tiled" }))).toEqual(["tiled"]);
  expect(chosen(() => matmul(gpu, { x: ones(40, 64), weight }))).toEqual(["register"]);
  expect(await matmul(gpu, { x, weight }).y.read()).toEqual(new Float64Array(9 * 32).fill(64));
  useRows(gpu, []);
  expect(chosen(product)).toEqual(["register"]);
});

test("a winner that refuses a call of its class is passed over", async () => {
  useRows(gpu, [rowFor(callOf(product), "vector")]); // for at most 8 rows
  expect(chosen(product)).toEqual(["register"]);
  useRows(gpu, []);
});

test("a measurement ends with a change of a kernel's text, or of the variants", async () => {
  const row = rowFor(callOf(product), "naive");
  const [name = ""] = Object.keys(row.texts);
  await store([{ ...row, texts: { ...row.texts, [name]: "00000000000000" } }]);
  const warnings = await use();
  expect(warnings).toEqual([]); // texts are compared when a call is made
  expect(chosen(product)).toEqual(["register"]);
  expect(warnings).toEqual([expect.stringContaining(`the text of ${name.split(" ")[0]} has changed since`)]);
  useRows(gpu, [{ ...row, variants: row.variants.filter((variant) => variant.name !== "tiled") }]);
  expect(chosen(product)).toEqual(["register"]);
  useRows(gpu, []);
});

/** An op whose one kernel has this line: a text of its own each time. */
function opWith(line: string) {
  const source = (name: string) =>
    wgslModule(
      `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
struct Params { count: u32 }
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) at: vec3u) {
  if (at.x >= params.count) { return; }
  ${line}
}`,
      { name },
    );
  const row = (name: string) => ({
    record: defineKernel({
      name,
      source: source(name),
      inputs: { x: "[n]" },
      outputs: { y: "[n]" },
      params: ({ n }: { n: number }) => ({ count: n }),
      threads: ({ n }: { n: number }) => n,
    }),
  });
  const variants = { first: row("test/first"), second: row("test/second") };
  return defineOp<{ x: Tensor }, object, { y: Tensor }, typeof variants>({
    name: "test/double",
    variants,
    order: () => ["first", "second"],
  });
}

test("a kernel whose text was edited is measured again, one whose comment was is not", () => {
  const input = ones(64);
  const [double, edited, commented] = [
    "y[at.x] = 2 * x[at.x];",
    "y[at.x] = x[at.x] + x[at.x];",
    "y[at.x] = 2 * x[at.x]; // twice",
  ].map(opWith);
  const call = callOf(() => double?.(gpu, { x: input }));
  useRows(gpu, [{ ...rowFor(call, "second"), untuned: "first" }]);
  expect(chosen(() => commented?.(gpu, { x: input }))).toEqual(["second"]);
  useRows(gpu, [{ ...rowFor(call, "second"), untuned: "first" }]);
  expect(chosen(() => edited?.(gpu, { x: input }))).toEqual(["first"]);
  useRows(gpu, []);
});

test.each<[string, (text: string) => string, string]>([
  ["no JSON", () => "{", "JSON"],
  ["an empty file", () => "", "JSON"],
  ["another version", (text) => text.replace("tuning 1", "tuning 0"), 'format is "shaderformer tuning 0"'],
  ["another device", (text) => text.replace(/"description":"/, '"description":"another '), "it is of another device"],
  ["other limits", (text) => text.replace(/"invocations":\d+/, '"invocations":7'), "it is of another device"],
  ["a time below 0", (text) => text.replace('"ms":1', '"ms":-1'), "rows"],
  ["a date that is none", (text) => text.replace(/"measured":"[^"]*"/, '"measured":"today"'), "rows"],
  ["a field that there is not", (text) => text.replace('"rows":', '"__proto__":{},"rows":'), "no option __proto__"],
])("stored: %s is passed over with a warning", async (_, change, reason) => {
  await store([rowFor(callOf(product), "naive")], change);
  expect(await use()).toEqual([expect.stringContaining(reason)]);
  expect(chosen(product)).toEqual(["register"]);
});

test("names of variants that there are not choose nothing", async () => {
  for (const choice of ["__proto__", "constructor", "toString", "none"]) {
    useRows(gpu, [rowFor(callOf(product), choice)]);
    expect(chosen(product)).toEqual(["register"]);
  }
  useRows(gpu, []);
});

test("a folder that cannot be written is an error, one that cannot be read a warning", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  await expect(tuningStore(join(file, "inside"))?.write("a", "b")).rejects.toThrow();
  expect(await useStored(gpu, { folder: join(folder, "none") })).toBe(0);
});

/** The subjects of a pass over softmax. */
function softmaxSubjects(device: Gpu = gpu) {
  const rows = ones(12, 100);
  const { collected } = collect(device, () => device.record(() => softmax(device, { x: rows })));
  return subjectsOf(device, collected, new Map(), []);
}

test("a pass checks every variant, times those that are right, and names a winner", async () => {
  const before = chosen(() => softmax(gpu, { x: ones(12, 100) }));
  const seen: string[] = [];
  const pass = await tunePass(gpu, softmaxSubjects(), {
    budget: 60_000,
    checks,
    onProgress: ({ key }) => void seen.push(key),
  });
  expect(seen).toEqual(["softmax | x:f32[16,128]"]);
  expect({ left: pass.left, aborted: pass.aborted }).toEqual({ left: 0, aborted: false });
  const [row] = pass.rows;
  expect(row?.variants.map(({ name }) => name)).toEqual(Object.keys(softmax.variants));
  for (const { ms, reason } of row?.variants ?? []) {
    if (ms === undefined) expect(reason).toBe("this device has no subgroups");
    else expect(ms).toEqual(expect.any(Number));
  }
  expect(row?.variants.filter(({ ms }) => ms !== undefined).length).toBeGreaterThan(1);
  expect(Object.keys(softmax.variants)).toContain(row?.choice);
  expect(chosen(() => softmax(gpu, { x: ones(12, 100) }))).toEqual(before); // a pass alone changes nothing
});

test("a variant with a wrong result gets no time", async () => {
  const [right, wrong] = [opWith("y[at.x] = 2 * x[at.x];"), opWith("y[at.x] = 2 * x[at.x] + 1e-3;")];
  const variants = { first: right.variants.first, second: wrong.variants.second, third: right.variants.second };
  const mixed = defineOp<{ x: Tensor }, object, { y: Tensor }, typeof variants>({
    name: "test/mixed",
    variants,
    order: () => ["second", "third", "first"],
  });
  const input = ones(64);
  const { collected } = collect(gpu, () => gpu.record(() => mixed(gpu, { x: input })));
  const { rows } = await tunePass(gpu, subjectsOf(gpu, collected, new Map(), []), { budget: 60_000 });
  const [first, second, third] = rows[0]?.variants ?? [];
  expect(second).toEqual({ name: "second", reason: expect.stringMatching(/^wrong: its result y differs/) });
  expect([first?.ms, third?.ms].every((ms) => (ms ?? 0) > 0)).toBe(true);
  expect(rows[0]?.choice).not.toBe("second");
});

test("a pass ends when time is up or it is aborted, and keeps what it has", async () => {
  const none = await tunePass(gpu, softmaxSubjects(), { budget: -1 });
  expect(none).toEqual({ rows: [], left: 1, aborted: false });
  const stop = new AbortController();
  const subjects = [...softmaxSubjects(), ...softmaxSubjects()];
  const onProgress = ({ done }: { done: number }) => void (done === 1 && stop.abort());
  const pass = await tunePass(gpu, subjects, { budget: 60_000, signal: stop.signal, onProgress });
  expect([pass.rows.length, pass.left, pass.aborted]).toEqual([1, 1, true]);
});

test("what is stored is one file a device, readable by its owner's tools", async () => {
  await store([rowFor(callOf(product), "naive")]);
  const name = `${nameOf(tunedDevice(gpu))}.json`;
  expect(await readdir(folder)).toContain(name);
  const { device, rows } = JSON.parse(await readFile(join(folder, name), "utf8"));
  expect(device).toEqual(tunedDevice(gpu));
  expect(rows[0]).toMatchObject({ choice: "naive", untuned: "register" });
  expect(nameOf({ ...tunedDevice(gpu), features: ["subgroups"] })).not.toBe(nameOf(tunedDevice(gpu)));
});
