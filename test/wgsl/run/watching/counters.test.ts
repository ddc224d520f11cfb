// Counters whose values follow from the addresses: kernel by kernel, for subgroups of 32.
import { describe, expect, test } from "vitest";
import { runWgsl } from "../../../../src/wgsl-run.ts";

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
