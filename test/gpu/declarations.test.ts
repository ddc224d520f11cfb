import { describe, expect, test } from "vitest";
import { ShaderError } from "../../src/gpu/errors.ts";
import { evaluate } from "../../src/gpu/shader/constant-expression.ts";
import { readDeclarations } from "../../src/gpu/shader/read-declarations.ts";
import { splitList, typeSize } from "../../src/gpu/shader/type-size.ts";
import { withoutComments } from "../../src/wgsl/comments.ts";
import { WgslError } from "../../src/wgsl/error.ts";
import { checkProgram } from "../../src/wgsl/run/check/program.ts";
import type { Program, Variable } from "../../src/wgsl/run/program.ts";
import { everyShader, kernelFiles } from "../support/shaders.ts";

const shaders = everyShader();
const label = ({ name, specialisation }: (typeof shaders)[number]) =>
  [name, ...(specialisation.parts ?? []).map((part) => part.name)].join(" with ");

/** A resource as the interpreter's checker has it, in the words of the engine's reader. */
const inOurWords = ({ name, space, writable, binding }: Variable) => ({
  group: binding?.group,
  binding: binding?.binding,
  name,
  space,
  access: writable ? "read_write" : "read",
});

/** What a text means; undefined for parts that go together with others, so that it is no WGSL. */
function programOf({ code }: (typeof shaders)[number]): Program | undefined {
  try {
    return checkProgram(code);
  } catch (error) {
    if (error instanceof WgslError) return undefined;
    throw error;
  }
}
const programs = shaders.map((shader) => [label(shader), shader, programOf(shader)] as const);
const valid = programs.flatMap(([name, shader, program]) => (program ? [[name, shader, program] as const] : []));

describe("every kernel, with its default and its other parts", () => {
  test("there are some, and few combinations are none", () => {
    expect(kernelFiles.size).toBeGreaterThan(10);
    expect(valid.length).toBeGreaterThan(shaders.length * 0.95);
    expect([...kernelFiles.keys()].filter((kernel) => !valid.some(([name]) => name === kernel))).toEqual([]);
  });

  test.each(valid)("%s", (_, { declarations }, { resources, entryPoints }) => {
    const order = (a: { group: number; binding: number }, b: { group: number; binding: number }) =>
      a.group - b.group || a.binding - b.binding;
    const ours = [...declarations.bindings].sort(order);
    const theirs = resources.map(inOurWords).sort((a, b) => order(a as (typeof ours)[0], b as (typeof ours)[0]));
    expect(ours.map(({ type: _type, ...rest }) => rest)).toEqual(theirs);

    for (const { name, space, type } of resources) {
      if (space !== "uniform" || type.kind !== "struct") continue;
      const scalars = type.members.every(({ type: { kind, name } }) => kind === "scalar" && name !== "f16");
      const fields = type.members.map((member) => ({ name: member.name, type: member.type.name }));
      const own = ours.find((one) => one.name === name)?.type ?? "";
      expect(declarations.structs.get(own)).toEqual(scalars ? fields : undefined);
      // Fields are packed one after the other, 4 bytes each.
      if (scalars) expect(type.members.map(({ offset }) => offset)).toEqual(fields.map((_, i) => 4 * i));
    }

    expect([...entryPoints.keys()]).toEqual(["main"]);
    expect(declarations.workgroupSize).toEqual(entryPoints.get("main")?.workgroupSize);
    const used = [...(entryPoints.get("main")?.function.uses ?? [])].filter(({ space }) => space === "workgroup");
    const bytes = used.reduce((sum, { type }) => sum + type.size, 0);
    expect(declarations.workgroupBytes, "workgroup memory").toBeGreaterThanOrEqual(bytes);
    expect(declarations.workgroupBytes).toBeLessThanOrEqual(16384);
    const [x, y, z] = declarations.workgroupSize;
    expect(x * y * z).toBeLessThanOrEqual(256);
    expect(ours.filter(({ space }) => space === "storage").length).toBeLessThanOrEqual(8);
  });
});

const read = (code: string) => readDeclarations(code, "test/kernel");

describe("reading declarations", () => {
  test("bindings in every usual form", () => {
    const { bindings } = read(`
      @group(1) @binding(2) var<storage> a: array<f32>; // @group(0) @binding(0) var<storage> no: f32;
      /* @group(0) @binding(1) /* nested */ var<storage> no: f32; */
      @binding(3)  @group( 0 )
        var< storage , read_write > b : array< vec4<f32>, 4 >;
      @group(0) @binding(0) var<uniform> params: Params;`);
    expect(bindings).toEqual([
      { group: 1, binding: 2, name: "a", space: "storage", access: "read", type: "array<f32>" },
      { group: 0, binding: 3, name: "b", space: "storage", access: "read_write", type: "array<vec4<f32>,4>" },
      { group: 0, binding: 0, name: "params", space: "uniform", access: "read", type: "Params" },
    ]);
  });

  test("a binding in an unsupported form is an error", () => {
    for (const code of [
      "const N = 1; @group(0) @binding(N) var<storage> x: array<f32>;",
      "@group(0) var<storage> x: array<f32>;",
      "@group(0) @group(1) var<storage> x: array<f32>;",
    ]) {
      expect(() => read(code)).toThrow(ShaderError);
    }
    expect(() => read("@group(0) var<storage, read> x: array<f32>;")).toThrow(
      "test/kernel: x is declared in an unsupported form",
    );
  });

  test("two bindings at one place are an error that names both", () => {
    expect(() => read("@group(0) @binding(1) var<storage> x: f32; @group(0) @binding(1) var<storage> y: f32;")).toThrow(
      "test/kernel: y and x both use @group(0) @binding(1)",
    );
  });

  test("only structs of 4-byte scalars have fields that are set by name", () => {
    const { structs } = read(`
      struct Params { rows: u32, start : i32 , eps: f32, }
      struct Views { @align(16) a: u32 } struct Rows { rows: array<u32, 4>, b: u32 } struct V { v: vec2f }`);
    expect([...structs.keys()]).toEqual(["Params"]);
    expect(structs.get("Params")?.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "rows u32",
      "start i32",
      "eps f32",
    ]);
  });

  test("comments become spaces: columns and lines stay", () => {
    const code = "a // b /* c\n/* d // e */ f /* g /* h\n*/ i */ j / k * l";
    const bare = withoutComments(code);
    expect(bare.length).toBe(code.length);
    for (const kept of ["a", "\n", "f", "j / k * l"]) expect(bare.indexOf(kept)).toBe(code.indexOf(kept));
    expect(bare.replace(/\s+/g, "")).toBe("afj/k*l");
  });

  test("the size of a workgroup", () => {
    const sized = (size: string) =>
      read(`const N: u32 = 8; @compute @workgroup_size${size} fn main() {}`).workgroupSize;
    expect(sized("(N)")).toEqual([8, 1, 1]);
    expect(sized("( N * (N / 2) , 2u,\n 0x3 )")).toEqual([32, 2, 3]);
    expect(() => sized("(M)")).toThrow("has M, expected a constant expression of positive integers");
    expect(() => sized("(N - 8)")).toThrow(ShaderError);
  });
});

test("constant expressions of integers", () => {
  const constants = new Map([
    ["TILE", "16"],
    ["WIDE", "TILE * 2u"],
    ["HALF", "0.5"],
    ["LOOP", "LOOP + 1"],
  ]);
  const cases: Readonly<Record<string, number | undefined>> = {
    "0x1F": 31,
    "0xffu": 255,
    "WIDE * (TILE + 1) - 3 % 2": 543,
    "7 / 2 * 2": 6,
    "-7 / 2": -3,
    "1 << 4 | 1": 17,
    "(TILE & (TILE - 1)) ^ 5": 5,
    "32 >> 2": 8,
    "max(TILE, 3, min(40, WIDE))": 32,
    "u32(TILE)": 16,
    "2 * HALF": undefined,
    "1.5": undefined,
    LOOP: undefined,
    UNKNOWN: undefined,
    "select(1, 2, true)": undefined,
    "1 2": undefined,
    "(1": undefined,
    "1 / 0": undefined,
    "": undefined,
  };
  for (const [expression, value] of Object.entries(cases))
    expect(evaluate(expression, constants), expression).toBe(value);
});

test("sizes of types follow WGSL's table", () => {
  const context = {
    constants: new Map([["N", "3"]]),
    aliases: new Map([
      ["Scalar", "f16"],
      ["Vector", "vec4<Scalar>"],
    ]),
    structs: new Map([
      ["Best", "value: f32, index: u32"],
      ["Mixed", "a: u32, b: vec3f, c: f16, d: Best"],
      ["Attributed", "@size(16) a: u32"],
    ]),
    known: new Map(),
    layouts: new Map(),
  };
  const cases: Readonly<Record<string, number | undefined>> = {
    "array<f32, N * 2>": 24,
    "array<vec3f, 2>": 32,
    "array<vec3<f16>, 2>": 16,
    "array<array<vec2u, 4>, N>": 96,
    "array<atomic<u32>, 5>": 20,
    "array<Vector, N>": 24,
    mat4x3f: 64,
    "mat2x2<f16>": 8,
    Best: 8,
    "array<Best, N>": 24,
    Mixed: 48,
    Attributed: undefined,
    Nothing: undefined,
    "array<f32>": undefined,
  };
  for (const [type, size] of Object.entries(cases)) expect(typeSize(type, context), type).toBe(size);
  expect(splitList("a: array<u32, 4>, f(b, c) ,, d")).toEqual(["a: array<u32, 4>", "f(b, c)", "d"]);
});
