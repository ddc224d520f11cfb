// Counters whose values follow from the addresses: kernel by kernel, for subgroups of 32.
import { describe, expect, test } from "vitest";
import { newCounter } from "../../../../src/wgsl/run/count/counter.ts";
import { runWgsl } from "../../../../src/wgsl-run.ts";
import { runText } from "../run-text.ts";

const kernel = (body: string, type = "f32") => `enable f16;
@group(0) @binding(0) var<storage, read> x: array<${type}>;
@group(0) @binding(1) var<storage, read_write> y: array<${type}>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) { ${body} }`;

const countersOf = (body: string, type?: string, subgroupSize = 32) => {
  const bindings = [0, 1].map((binding) => ({ binding, data: new Uint32Array(8192) }));
  return runWgsl(kernel(body, type), { bindings, workgroups: [1], mode: "counting", subgroupSize }).counters;
};

/** What is counted of x for 64 lanes: [asked, unique, segments of 32 bytes, excess]. */
const reads: Readonly<Record<string, readonly [body: string, type: string, counted: readonly number[]]>> = {
  "neighbours read neighbours": ["y[i] = x[i];", "f32", [256, 256, 8, 1]],
  "one word from the start of a block": ["y[i] = x[i + 1];", "f32", [256, 256, 10, 10 / 8]],
  "a stride of two": ["y[i] = x[2 * i];", "f32", [256, 256, 16, 2]],
  "a stride of eight: a block for each lane": ["y[i] = x[8 * i];", "f32", [256, 256, 64, 8]],
  "all read one word": ["y[i] = x[5];", "f32", [256, 8, 2, 1]],
  "vectors of four": ["y[i] = x[i];", "vec4f", [1024, 1024, 32, 1]],
  "four rows of eight lanes read a vector each": ["y[i] = x[16 * (i / 8)];", "vec4f", [1024, 128, 8, 2]],
  "eight lanes read vectors of eight columns": ["y[i] = x[16 * (i % 8)];", "vec4f", [1024, 256, 16, 2]],
  "four lanes read a row of vectors": ["y[i] = x[16 * (i / 4) + i % 4];", "vec4f", [1024, 1024, 32, 1]],
  "a component of each vector": ["y[i].x = x[i].x;", "vec4f", [256, 256, 32, 4]],
  "vectors of three, with a stride of 16 bytes": ["y[i] = x[i];", "vec3f", [768, 768, 32, 32 / 24]],
  halves: ["y[i] = x[i];", "f16", [128, 128, 4, 1]],
  "every other lane": ["if i % 2 == 0 { y[i] = x[i]; }", "f32", [128, 128, 8, 2]],
  "no lane": ["if i > 99 { y[i] = x[i]; }", "f32", [0, 0, 0, 1]],
  "out of bounds": ["y[i] = x[i + 99999];", "f32", [0, 0, 0, 1]],
  "twice in a loop": ["for (var t = 0; t < 2; t++) { y[i] = x[i]; }", "f32", [512, 512, 16, 1]],
};

describe("bytes asked for, unique bytes, blocks of 32 bytes, excess", () => {
  test.each(Object.entries(reads))("%s", (_, [body, type, [asked, unique, segments32, excess]]) => {
    expect(countersOf(body, type)["0.0"]).toEqual({ asked, unique, segments32, excess });
  });

  test("a store that adds is a load and a store", () => {
    expect(countersOf("y[i] += 1.0;")["0.1"]).toEqual({ asked: 512, unique: 512, segments32: 16, excess: 1 });
  });

  test("smaller subgroups make more requests of the same bytes", () => {
    expect(countersOf("y[i] = x[5];", "f32", 8)["0.0"]).toEqual({ asked: 256, unique: 32, segments32: 8, excess: 1 });
  });

  test("an atomic function is one access", () => {
    const code = `@group(1) @binding(2) var<storage, read_write> n: array<atomic<u32>>;
      @compute @workgroup_size(32) fn main() { atomicAdd(&n[0], 1u); }`;
    const bindings = [{ group: 1, binding: 2, data: new Uint32Array(8) }];
    const { counters } = runWgsl(code, { bindings, workgroups: [3], mode: "counting" });
    expect(counters).toEqual({ "1.2": { asked: 384, unique: 12, segments32: 3, excess: 1 } });
  });
});

/** Loads of workgroup memory by 32 lanes: what they load, turns of the banks, the fewest, and words of one bank in a turn. */
const loads: Readonly<Record<string, readonly [loaded: string, cycles: number, phases: number, ways: number]>> = {
  "neighbours, as in a sum by halves": ["w[i + 16]", 1, 1, 1],
  "one word": ["w[7]", 1, 1, 1],
  "rows of a tile of 16 with a spare column": ["w[17 * (i % 16) + 3]", 1, 1, 1],
  "rows of a tile of 16": ["w[16 * (i % 16) + 3]", 8, 1, 8],
  "rows of a tile of 32": ["w[32 * i + 3]", 32, 1, 32],
  "every other word, as in a sum of neighbours": ["w[2 * i]", 2, 1, 2],
  "a word of every 32": ["w[2 * 16 * i]", 32, 1, 32],
  "components of vectors of four": ["v[i].y", 4, 1, 4],
  "whole vectors of four": ["dot(v[i], v[i])", 8, 8, 1],
  "whole vectors, eight apart": ["dot(v[8 * i], vec4f(1))", 32, 4, 8],
  "whole vectors, four apart": ["dot(v[4 * i], vec4f(1))", 16, 4, 4],
  "vectors of two, two apart": ["dot(pairs[2 * i], vec2f(1))", 4, 2, 2],
  "both sides of a select": ["select(0.0, w[32 * i], i % 2 == 0)", 32, 1, 32],
};

test.each(Object.entries(loads))("banks: %s", (_, [loaded, cycles, phases, ways]) => {
  const counter = newCounter();
  const code = `@group(0) @binding(0) var<storage, read_write> y: array<f32>;
    var<workgroup> w: array<f32, 1024>; var<workgroup> v: array<vec4f, 256>; var<workgroup> pairs: array<vec2f, 64>;
    @compute @workgroup_size(32) fn main(@builtin(local_invocation_index) i: u32) { y[i] = ${loaded}; }`;
  runText(code, { y: new Float32Array(32) }, { observers: [counter.observer] });
  const banked = counter.counts().accesses.filter(({ variable }) => variable.space === "workgroup");
  const sum = (of: "bankCycles" | "phases") => banked.reduce((total, one) => total + one[of], 0);
  expect([sum("bankCycles"), sum("phases"), Math.max(...banked.map((one) => one.ways))]).toEqual([
    cycles,
    phases,
    ways,
  ]);
});
