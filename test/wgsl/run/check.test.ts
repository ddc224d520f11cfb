import { describe, expect, test } from "vitest";
import { WgslError } from "../../../src/wgsl/error.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { uniformityOf } from "../../../src/wgsl/run/check/uniformity.ts";
import { kernelFiles, shaderOf } from "../../support/shaders.ts";

test.each([...kernelFiles.keys()])("%s is accepted, without a hint", (kernel) => {
  const program = checkProgram(shaderOf(kernel).code);
  const [entry, ...more] = [...program.entryPoints.values()];
  expect(more).toEqual([]);
  expect(entry && uniformityOf(program, entry)).toEqual([]);
});

const inMain = (statements: string) => `@group(0) @binding(0) var<storage, read_write> out: array<f32>;
  @group(0) @binding(1) var<storage, read_write> words: array<u32>;
  @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) { ${statements} }`;

describe("constants", () => {
  const constantOf = (expression: string) => {
    const { entryPoints } = checkProgram(inMain(`const found = ${expression}; out[0] = f32(found);`));
    const [store] = entryPoints.get("main")?.function.body ?? [];
    const value = store?.kind === "store" ? store.value : undefined;
    return value?.kind === "constant" ? value.value[0] : undefined;
  };

  test.each([
    ["7 / 2", 3],
    ["-7 % 3", -1],
    ["7 / 2.0", 3.5],
    ["select(-127.0, -8.0, 4 == 4)", -8],
    ["1u << 31u >> 31u == 1u", undefined],
    ["(1u << 31u) >> 31u", 1],
    ["min(3u, 4) * max(2, 5u)", 15],
    ["abs(-3) / 127", 0],
    ["round(2.5)", 2],
    ["vec4(1, 2, 3, 4).wzyx[1]", 3],
    ["dot(vec2(1, 2), vec2(3, 4))", 11],
    ["array(1, 2, 3)[2]", 3],
    ["mat2x2f(1, 2, 3, 4)[1].y", 4],
    ["(mat2x2f(1, 2, 3, 4) * vec2f(1, 1)).x", 4],
    ["countLeadingZeros(1u)", 31],
    ["0x1.8p1", 3],
    ["u32(3.9)", 3],
    ["fma(2.0, 3.0, 4.0)", 10],
  ])("%s", (expression, value) => {
    if (value === undefined) expect(() => constantOf(expression)).toThrow(WgslError);
    else expect(constantOf(expression)).toBe(value);
  });
});

test.each([
  ["let x = y;", "y is not declared"],
  ["let x = 1 + 1u + 1.0;", "u32 + abstract-float"],
  ["let x = lane + 1i;", "u32 + i32"],
  ["out[0] = 1u;", "what is assigned is a f32, not a u32"],
  ["out[0] = lane;", "what is assigned is a f32, not a u32"],
  ["let x = 1; x = 2;", "what is assigned to is no variable"],
  ["if (lane) { }", "a condition is a bool, not a u32"],
  ["let x = vec2f(1.0)[2];", "the index 2 of a vec2<f32>"],
  ["let x = vec3f(1.0, 2.0);", "vec3<f32> of abstract-float, abstract-float"],
  ["let x = 1 / 0;", "an integer divided by 0"],
  ["let x = lane << 32u;", "a shift by 32 bits, of 32"],
  ["let x: i32 = 3000000000;", "3000000000"],
  ["let x = 1e39f;", "1e39f is no f32"],
  ["const x = lane;", "x is no constant"],
  ["const_assert 1 > 2;", "const_assert is false"],
  ["break;", "break outside of a loop"],
  ["switch lane { case 1: { } }", "a switch without default"],
  ["switch lane { case 1, 1: { } default: { } }", "two cases of 1"],
  ["dot(vec2f(), vec2f());", "what dot gives is not used"],
  ["let x = dot(vec2f(), vec3f());", "dot: its arguments differ in type"],
  ["let x = subgroupAdd(1.0);", "subgroupAdd needs enable subgroups;"],
  ["let x = 1h;", "f16 needs enable f16;"],
  ["let p = &vec2f().x;", "& of a value"],
  ["var v = vec2f(); let p = &v.x;", "& of a component"],
  ["return 1;", "nothing is returned here"],
  ["let x = textureLoad(lane);", "textureLoad: textures and samplers are not run here"],
  ["discard;", "discard is of fragment shaders"],
])("%s is refused", (statements, says) => {
  expect(() => checkProgram(inMain(statements))).toThrow(says);
  expect(() => checkProgram(inMain(statements))).toThrow(WgslError);
});

test("what refers to itself is refused", () => {
  expect(() => checkProgram("const a = b; const b = a;")).toThrow("declared by itself");
  expect(() => checkProgram("fn f() { g(); } fn g() { f(); }")).toThrow("calls itself");
});

test("long chains of constants and of functions are read", () => {
  const count = 5000;
  const constants = Array.from({ length: count }, (_, i) => `const c${i} = ${i + 1 < count ? `c${i + 1}` : "1"};`);
  expect(() => checkProgram(constants.join("\n"))).not.toThrow();
  const functions = Array.from({ length: count }, (_, i) => `fn f${i}() { ${i + 1 < count ? `f${i + 1}();` : ""} }`);
  expect(() => checkProgram(functions.join("\n"))).not.toThrow();
});
