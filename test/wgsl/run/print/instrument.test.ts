import { describe, expect, test } from "vitest";
import type { RunBinding } from "../../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { differentPrints } from "../../../../src/wgsl/run/print/compare.ts";
import { type InstrumentOptions, instrumentPrints } from "../../../../src/wgsl/run/print/instrument.ts";
import type { GpuPrint } from "../../../../src/wgsl/run/print/records.ts";
import type { EntryPoint } from "../../../../src/wgsl/run/program.ts";
import { runWgsl } from "../../../../src/wgsl/run/run.ts";
import { printTexts } from "./texts.ts";

function instrument(code: string, options: InstrumentOptions = {}, entryPoint = "main") {
  return instrumentPrints(code, checkProgram(code).entryPoints.get(entryPoint) as EntryPoint, options);
}

/** What the interpreter reads from the buffer of the instrumented text, which it runs like any other. */
function runInstrumented(
  code: string,
  bindings: readonly RunBinding[],
  workgroups: readonly [number, number, number] = [1, 1, 1],
  options: InstrumentOptions = {},
) {
  const { code: instrumented, buffer } = instrument(code, options);
  if (!buffer) throw new Error("nothing is printed");
  const { group, binding, bytes, read } = buffer;
  const data = new ArrayBuffer(bytes);
  const found = runWgsl(instrumented, { bindings: [...bindings, { group, binding, data }], workgroups });
  expect(found.prints).toEqual([]);
  expect(found.outOfBounds).toEqual([]);
  return { instrumented, buffer, ...read(data) };
}

const never = () => false;

/** A text whose main function has a body, on four lanes. */
const withBody = (body: string, declarations = "") => `${declarations}
  @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) { ${body} }`;

const lineOf = (code: string, part: string) => code.slice(0, code.indexOf(part)).split("\n").length;

describe("an instrumented text", () => {
  for (const [name, { code, words, workgroups, lines }] of Object.entries(printTexts)) {
    test(`records what the interpreter prints: ${name}`, () => {
      const [plain, recorded] = [new Uint32Array(words), new Uint32Array(words)];
      const { prints } = runWgsl(code, { bindings: [{ binding: 0, data: plain }], workgroups });
      const found = runInstrumented(code, [{ binding: 0, data: recorded }], workgroups);
      expect(prints.length).toBe(lines);
      expect(differentPrints(prints, found.prints, never)).toEqual([]);
      expect(found.droppedPrints).toBe(0);
      expect(recorded).toEqual(plain);
    });
  }

  test("has the lines of the original, and what is added after them", () => {
    const code = printTexts["control flow"]?.code ?? "";
    const { code: instrumented } = instrument(code);
    const [before, after] = [code, instrumented].map((text) => text.split("\n")) as [string[], string[]];
    const changed = before.flatMap((line, i) => (line === after[i] ? [] : [i + 1]));
    const touched = (line: string) => /print\(|fn main/.test(line);
    expect(changed).toEqual(before.flatMap((line, i) => (touched(line) ? [i + 1] : [])));
    expect(instrumented).not.toMatch(/\bprint\(/);
  });

  test("is the original where a text prints nothing, or has a print of its own", () => {
    const silent = withBody("_ = lane;");
    expect(instrument(silent)).toEqual({ code: silent, buffer: undefined });
    const own = withBody("print(lane);", "fn print(x: u32) { }");
    expect(instrument(own)).toEqual({ code: own, buffer: undefined });
  });

  test("is sorted by workgroup, x first, then lane, then order", () => {
    const { prints } = runInstrumented(
      `@compute @workgroup_size(2) fn main() { for (var i = 0; i < 2; i++) { print(i); } }`,
      [],
      [2, 1, 2],
    );
    const places = prints.map(({ workgroup, lane, values }) => [...workgroup, lane, ...values]);
    const expected = [0, 1].flatMap((z) => [0, 1].flatMap((x) => [0, 1].map((lane) => [x, 0, z, lane])));
    expect(places).toEqual(expected.flatMap((place) => [0, 1].map((i) => [...place, i])));
  });

  test("says the types of values, and numbers its records along each lane", () => {
    const { prints } = runInstrumented(withBody("print(lane, vec2(1, 2), 1.5); print(lane == 1);"), []);
    const ofLane = prints.filter(({ lane }) => lane === 1);
    expect(ofLane.map(({ types }) => types)).toEqual([["u32", "i32", "i32", "f32"], ["bool"]]);
    expect(ofLane.map(({ values }) => values)).toEqual([[1, 1, 2, 1.5], [1]]);
    expect(ofLane[1]?.step).toBeGreaterThan(ofLane[0]?.step ?? Number.POSITIVE_INFINITY);
    expect(new Set(prints.map(({ step }) => step))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });

  test("keeps as many lines as asked for, and counts the rest", () => {
    const code = withBody("print(lane); print(lane, lane);");
    const { prints, droppedPrints, buffer } = runInstrumented(code, [], [1, 1, 1], { maxLines: 3 });
    expect([prints.length, droppedPrints, buffer.maxLines]).toEqual([3, 5, 3]);
    expect(buffer.bytes).toBe(4 + 3 * 4 * 7);
    expect(instrument(code).buffer?.maxLines).toBe(10_000);
  });

  test("keeps fewer lines where the device's buffers are small, and refuses what has no room for one", () => {
    const code = withBody("print(array<vec4f, 8>(), lane);");
    const limits = { maxStorageBuffersPerShaderStage: 8, maxStorageBufferBindingSize: 4 + 4 * 38 * 2 + 100 };
    const { buffer } = instrument(code, { limits });
    expect([buffer?.maxLines, buffer?.bytes]).toEqual([2, 4 + 4 * 38 * 2]);
    const tiny = { ...limits, maxStorageBufferBindingSize: 155 };
    expect(() => instrument(code, { limits: tiny })).toThrow("a line of print has 152 bytes; a buffer has 155 at most");
    expect(() => instrument(code, { maxLines: 0 })).toThrow("maxLines is 0; at least one line is kept");
  });
});

describe("the binding of the buffer", () => {
  const place = (declarations: string, body: string) => {
    const { buffer } = instrument(withBody(`${body} print(lane);`, declarations));
    return [buffer?.group, buffer?.binding];
  };

  test("is the first that is free in the first group that the entry point uses", () => {
    expect(place("", "")).toEqual([0, 0]);
    const in2 = "const TWO = 2; @group(TWO) @binding(0) var<uniform> a: u32;";
    expect(place(in2, "_ = a;")).toEqual([2, 1]);
    expect(place(`${in2} @group(2) @binding(1) var<storage> b: u32;`, "_ = a;")).toEqual([2, 2]);
    expect(place(`${in2} @group(2) @binding(999) var<storage> b: u32;`, "_ = a; _ = b;")).toEqual([2, 1]);
    expect(place(`${in2} @group(1) @binding(1) var<storage> b: u32;`, "_ = a; _ = b;")).toEqual([1, 0]);
  });

  test("is refused by name where the device allows no further storage buffer", () => {
    const names = ["a", "b", "c"];
    const declarations = names.map((name, i) => `@group(0) @binding(${i}) var<storage> ${name}: u32;`).join("\n");
    const limits = { maxStorageBuffersPerShaderStage: 2, maxStorageBufferBindingSize: 2 ** 27 };
    const using = (uses: string) => instrument(withBody(`${uses} print(lane);`, declarations), { limits });
    expect(using("_ = b;").buffer).toBeDefined();
    expect(() => using("_ = b; _ = c;")).toThrow(
      "print needs a storage binding of its own; main uses 2, and the device allows 2 (maxStorageBuffersPerShaderStage)",
    );
  });
});

describe("of several entry points", () => {
  const code = `fn shared_part(x: u32) { print(x, 1); }
    @compute @workgroup_size(1) fn main() { shared_part(3); }
    fn unused() { print(
      9.5,
    ); }
    @compute @workgroup_size(1) fn other(@builtin(local_invocation_index) lane: u32) {
      for (print(7); lane > 5; print(8)) { }
      shared_part(4);
    }`;

  test("the one that is asked for prints; what it does not reach is left out", () => {
    for (const [name, values] of [
      ["main", [[3, 1]]],
      ["other", [[7], [4, 1]]],
    ] as const) {
      const { code: instrumented, buffer } = instrument(code, {}, name);
      const data = new ArrayBuffer(buffer?.bytes ?? 0);
      runWgsl(instrumented, { bindings: [{ binding: 0, data }], workgroups: [1], entryPoint: name });
      expect(buffer?.read(data).prints.map((one) => one.values)).toEqual(values);
      const end = instrumented.split("\n").findIndex((line) => line.includes("shared_part(4)"));
      expect(end + 1).toBe(lineOf(code, "shared_part(4)"));
    }
  });
});

test("a text that redeclares what the added functions need is refused by the name", () => {
  const code = withBody("print(lane);", "fn bitcast_of() { } fn atomicAdd(x: u32) { }");
  expect(() => instrument(code)).toThrow("print on a GPU needs WGSL's atomicAdd, which the text redeclares");
});

test("atomic variables are refused, also inside of what is printed", () => {
  const code = withBody("print(kept);", "struct Kept { sum: atomic<u32> } var<workgroup> kept: Kept;");
  expect(() => instrument(code)).toThrow("a Kept is no value");
});

describe("prints are compared thread by thread", () => {
  const print = (lane: number, line: number, values: readonly number[], types: GpuPrint["types"]): GpuPrint => ({
    lane,
    line,
    values,
    types,
    step: 0,
    workgroup: [0, 0, 0],
  });
  const [first, second] = [print(0, 3, [1], ["u32"]), print(0, 4, [2.5], ["f32"])];
  const other = print(1, 3, [5], ["u32"]);

  test("in any order of threads", () => {
    expect(differentPrints([first, second, other], [other, first, second], never)).toEqual([]);
  });

  test("the order within a thread, lines, lengths and missing lines count", () => {
    expect(differentPrints([first, second], [second, first], never)).toHaveLength(2);
    expect(differentPrints([first], [print(0, 5, [1], ["u32"])], never)).toEqual([
      "lane 0 of workgroup 0, 0, 0: line 3 printed 1, on the GPU line 5 printed 1",
    ]);
    expect(differentPrints([first], [print(0, 3, [1, 1], ["u32", "u32"])], never)).toHaveLength(1);
    expect(differentPrints([first, other], [first], never)).toEqual([
      "lane 1 of workgroup 0, 0, 0: line 3 printed 5, on the GPU nothing",
    ]);
    expect(differentPrints([], [other], never)).toHaveLength(1);
  });

  test("floats may differ as far as the caller says, integers not at all", () => {
    const near = (a: number, b: number) => Math.abs(a - b) < 2;
    expect(differentPrints([second], [print(0, 4, [3.5], ["f32"])], near)).toEqual([]);
    expect(differentPrints([second], [print(0, 4, [4.5], ["f32"])], near)).toHaveLength(1);
    expect(differentPrints([first], [print(0, 3, [2], ["u32"])], near)).toHaveLength(1);
    const [ours, gpus] = [print(0, 1, [Number.NaN, -0], []), print(0, 1, [Number.NaN, 0], ["f32", "f32"])];
    expect(differentPrints([ours], [gpus], never)).toEqual([]);
  });
});
