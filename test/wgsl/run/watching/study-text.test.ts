// `shaderformer study --wgsl`: what a file of bindings may say, and the fields of the result.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readBindings } from "../../../../src/cli/study/bindings.ts";
import { textReport } from "../../../../src/cli/study/report.ts";
import { runText, type TextRun } from "../../../../src/cli/study/text-run.ts";

const folder = mkdtempSync(join(tmpdir(), "shaderformer-study-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bindingsFile = (bindings: unknown): string => {
  const file = join(folder, "bindings.json");
  writeFileSync(file, typeof bindings === "string" ? bindings : JSON.stringify(bindings));
  return file;
};

const runOf = async (code: string, bindings: unknown, options: Partial<TextRun> = {}): Promise<TextRun> => ({
  file: "text.wgsl",
  code,
  bindings: await readBindings(bindingsFile(bindings)),
  workgroups: [1, 1, 1],
  entry: undefined,
  subgroupSize: undefined,
  maxSteps: undefined,
  schedules: 0,
  gpu: undefined,
  ...options,
});
const study = async (code: string, bindings: unknown, options?: Partial<TextRun>) =>
  await runText(await runOf(code, bindings, options));
const resultOf = async (...given: Parameters<typeof study>) => (await study(...given)).result;

const copy = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(1) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = x[id.x]; }`;

describe("the result", () => {
  test("has all fields, empty where nothing was found", async () => {
    const bindings = [
      { binding: 0, type: "f32", values: [1.5, "NaN", "-Infinity", -0.25] },
      { group: 1, binding: 3, type: "f32", length: 5 },
    ];
    expect(await resultOf(copy, bindings)).toEqual({
      outputs: { "1.3": [1.5, "NaN", "-Infinity", -0.25, 0] },
      races: [],
      notes: [],
      outOfBounds: [],
      divergence: [],
      counters: {
        "0.0": { asked: 16, unique: 16, segments32: 1, excess: 1 },
        "1.3": { asked: 16, unique: 16, segments32: 1, excess: 1 },
      },
      prints: [],
    });
  });

  test("has the lines of races, of accesses out of bounds, of barriers, and what was printed", async () => {
    const code = `@group(0) @binding(0) var<storage, read_write> y: array<vec3f>;
var<workgroup> w: array<u32, 8>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
  w[i] = i;
  let other = w[7 - i];
  y[i + other].y = f32(other);
  if i == 2 { print(y[0], vec2u(i, other), i == 2); }
  if i > 5 { workgroupBarrier(); }
}`;
    const found = await resultOf(code, [{ binding: 0, type: "f32", length: 8 }]);
    expect(found.races).toEqual([{ kind: "read-write", lines: [4, 5], between: "lanes" }]);
    expect(found.outOfBounds).toEqual([{ line: 6 }]);
    expect(found.divergence).toEqual([{ line: 8 }]);
    const print = { lane: 2, workgroup: [0, 0, 0], line: 7, values: [0, 0, 0, 2, 5, 1], step: expect.any(Number) };
    expect(found.prints).toEqual([print]);
  });

  test("for people has two lines of the text for a race", async () => {
    const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) {
  y[0] = i;
  y[i] = y[0] + 1u;
}`;
    const run = await runOf(code, [{ binding: 0, type: "u32", length: 8 }], { schedules: 2 });
    const report = textReport(run, await runText(run));
    expect(report).toContain("  text.wgsl:3: y[0] = i;\n  text.wgsl:4: y[i] = y[0] + 1u;");
    expect(report).toMatch(/^0\.0 y +96 +40 +32 /m);
    expect(report).toContain("of 2 random schedules leave the same bits");
  });

  test("for people has a hint where a browser may refuse a barrier, which --json does not have", async () => {
    const code = `var<workgroup> n: u32;
@compute @workgroup_size(8) fn main() {
  if n == 0u {
    workgroupBarrier();
  }
}`;
    const run = await runOf(code, []);
    const found = await runText(run);
    const report = textReport(run, found);
    expect(report).toContain("no divergent barrier\nhint: a browser may refuse workgroupBarrier: whether");
    expect(report).toContain("depends on what n holds\n  text.wgsl:4: workgroupBarrier();\n");
    expect(Object.keys(found.result)).not.toContain("hints");
    const uniform = await runOf(code.replace("if n == 0u", "if true"), []);
    expect(textReport(uniform, await runText(uniform))).not.toContain("hint");
  });

  test("of an atomic counter says that the order matters", async () => {
    const code = `@group(0) @binding(0) var<storage, read_write> n: atomic<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(8) fn main(@builtin(local_invocation_index) i: u32) { y[atomicAdd(&n, 1u)] = i; }`;
    const bindings = [0, 1].map((binding) => ({ binding, type: "u32", length: binding === 0 ? 1 : 8 }));
    const found = await resultOf(code, bindings, { schedules: 4 });
    expect(found.notes).toEqual([{ kind: "order", lines: [3, 3], between: "lanes" }]);
    expect(found.races).toEqual([]);
    expect(found.outputs["0.0"]).toEqual([8]);
    expect(found.schedules?.runs).toBe(4);
    expect(found.schedules?.equal).toBeLessThan(4);
  });
});

describe("values of bindings", () => {
  test("have their types, f16 and atomics too; a uniform struct has fields", async () => {
    const code = `enable f16;
struct Inner { scale: f32, pick: vec2u }
struct Params { rows: u32, inner: Inner, m: mat2x2f, list: array<vec4i, 2> }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> h: array<f16>;
@group(0) @binding(2) var<storage, read_write> a: array<atomic<i32>>;
@compute @workgroup_size(1) fn main() {
  h[1] = h[0] * f16(p.inner.scale) + f16(p.m[1][0]);
  atomicAdd(&a[p.inner.pick.y], i32(p.rows) + p.list[1].w);
}`;
    const fields = {
      rows: 3,
      inner: { scale: 0.5, pick: [9, 1] },
      m: [
        [1, 2],
        [4, 5],
      ],
      list: [
        [0, 0, 0, 0],
        [0, 0, 0, -7],
      ],
    };
    const bindings = [
      { binding: 0, values: fields },
      { binding: 1, type: "f16", values: [0.1, 0] },
      { binding: 2, type: "i32", values: [5, -6] },
    ];
    const { outputs } = await resultOf(code, bindings);
    expect(outputs).toEqual({ "0.1": [0.0999755859375, 4.05078125], "0.2": [5, -10] });
  });

  const own = (values: unknown, type: unknown = "f32") => [{ binding: 0, type, values }];
  test.each<[unknown, RegExp]>([
    ["{}", /expected a list of bindings/],
    ["[1, 2", /line 1/],
    [[7], /\[0\] is 7, expected an object/],
    [[{ binding: -1, type: "f32", length: 1 }], /\[0\]\.binding is -1, expected an integer of 0 or more/],
    [[{ type: "f32", length: 1 }], /\[0\]\.binding is undefined/],
    [[{ binding: 0, type: "f64", length: 1 }], /\[0\]\.type is "f64", expected f32, i32, u32, f16/],
    [[{ binding: 0, type: "f32" }], /expected either values or length/],
    [[{ binding: 0, type: "f32", length: 1, size: 4 }], /\[0\]\.size is not known/],
    [[{ binding: 0, type: "f32", length: 1e12 }], /has 4000000000000 bytes, more than/],
    [
      [
        { binding: 0, type: "u32", length: 1 },
        { group: 0, binding: 0, type: "u32", length: 1 },
      ],
      /\[0\] and \[1\] are both/,
    ],
    [own([1, 1e39]), /values\[1\] is 1e\+39, which is no f32/],
    [own([70000], "f16"), /values\[0\] is 70000, which is no f16/],
    [own([1, 2.5], "i32"), /values\[1\] is 2\.5, which is no i32/],
    [own([-1], "u32"), /values\[0\] is -1, which is no u32/],
    [own(["NaN"], "u32"), /values\[0\] is "NaN", which is no u32/],
    [own(["one"]), /values\[0\] is "one", which is no f32/],
    [own(7), /values is 7, expected a list of numbers or an object/],
  ])("are refused where they are wrong: %j", async (bindings, message) => {
    await expect(readBindings(bindingsFile(bindings))).rejects.toThrow(message);
  });

  const uniform = `struct Params { rows: u32, at: vec2f }
@group(0) @binding(0) var<uniform> p: Params;
@compute @workgroup_size(1) fn main() { _ = p.rows; }`;
  test.each<[unknown, RegExp]>([
    [{ rows: 3 }, /values\.at is missing/],
    [{ rows: 3, at: [1, 2], eps: 1 }, /values\.eps: Params has no such member; it has rows, at/],
    [{ rows: 3, at: [1] }, /values\.at has 1 entries, expected a list of 2 for vec2<f32>/],
    [{ rows: -3, at: [1, 2] }, /values\.rows is -3, which is no u32/],
  ])("of a struct fit its members: %j", async (values, message) => {
    await expect(study(uniform, [{ binding: 0, values }])).rejects.toThrow(message);
  });
});

describe("a refusal has a line", () => {
  const word = [{ binding: 0, type: "f32", length: 1 }];
  test.each<[what: string, code: string, bindings: unknown, options: Partial<TextRun>, message: RegExp]>([
    ["a syntax error", "fn main() {\n  let x = ;\n}", [], {}, /^text\.wgsl:2: /],
    ["a wrong type", "@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}", [], {}, /^text\.wgsl:3: /],
    ["a binding without data", copy, word, {}, /^text\.wgsl:2: y, @group\(1\) @binding\(3\), has no data/],
    ["data without a binding", copy, [{ binding: 9, type: "f32", length: 1 }], {}, /has no @group\(0\) @binding\(9\)/],
    [
      "a buffer that is too short",
      `@group(0) @binding(0)\nvar<storage> x: mat4x4f;\n@compute @workgroup_size(1) fn main() { _ = x[0]; }`,
      word,
      {},
      /^text\.wgsl:2: x has 4 bytes; its type needs 64/,
    ],
    ["no entry point of that name", copy, [], { entry: "other" }, /no entry point other; there are main/],
    [
      "an endless loop",
      "@compute @workgroup_size(1) fn main() {\n  var i = 0u;\n  loop {\n    i += 1u;\n    if i == 0u { break; }\n  }\n}",
      [],
      { maxSteps: 5000 },
      /^text\.wgsl:[3-5]: the budget of 5000 steps/,
    ],
    [
      "a texture",
      "@group(0) @binding(0) var t: texture_2d<f32>;\n@compute @workgroup_size(1) fn main() {}",
      [],
      {},
      /^text\.wgsl:1: /,
    ],
  ])("%s", async (_, code, bindings, options, message) => {
    await expect(study(code, bindings, options)).rejects.toThrow(message);
  });

  test("a binding that the entry point does not use needs no data", async () => {
    const code = `${copy}\n@compute @workgroup_size(1) fn other() {}`;
    expect((await resultOf(code, [], { entry: "other" })).outputs).toEqual({});
  });
});
