// Operators and conversions in a run, with the loops that are written out for them.
import { describe, expect, test } from "vitest";
import { floatBits, floatOf, halfBits, halfOf } from "../../../src/wgsl/run/numbers.ts";
import { scalarFunction } from "../../../src/wgsl/run/operations.ts";
import type { ScalarName } from "../../../src/wgsl/run/types.ts";
import { runBoth } from "./run-text.ts";

const ordered = ["==", "!=", "<", "<=", ">", ">="];
const edges = {
  f32: [
    0,
    -0,
    1,
    -1,
    0.5,
    3,
    1.1,
    2 ** -149,
    2 ** -126,
    16777216,
    2 ** 31,
    -(2 ** 31),
    4e9,
    3.4e38,
    Infinity,
    -Infinity,
  ],
  i32: [0, 1, -1, 2, 7, 31, 32, 33, -7, 65535, 65536, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), -(2 ** 31) + 1, 123456789],
  u32: [0, 1, 2, 7, 31, 32, 33, 65535, 65536, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1, 3e9, 123456789],
} as const;

/** Operators of two scalars in the text `a OP b`, and functions `OP(a, b)`. */
const binary = {
  f32: ["+", "-", "*", "/", "%", "min", "max"],
  i32: ["+", "-", "*", "/", "%", "&", "|", "^", "min", "max"],
};
const unary = { f32: ["-", "abs", "floor", "sign", "sqrt"], i32: ["-", "~", "abs", "sign", "countOneBits"] };

/** Texts in which an interpreter may err, and what `put` is called with. Operands are variables: no constants. */
const probes: Readonly<Record<string, readonly [statements: string, wanted: readonly number[], workgroups?: number]>> =
  {
    "false && f() calls no f": ["var no = false; let both = no && called(); put(calls);", [0]],
    "products of 32 bits": ["var a = 0xfffffffbu; put(a * 0xfffffff1u);", [75]],
    "half way between whole numbers, the even one": ["var x = 2.5; put(u32(round(x)));", [2]],
    "a negative float as a u32": ["var x = -1.0; put(u32(x));", [0]],
    "division by zero": ["var none = 0u; put(7u / none); put(7u % none);", [7, 0]],
    "a shift of the highest bit": ["var a = 0x80000000u; put(a >> 31u);", [1]],
    "sums of f16": ["var h = 1.0h; put(bitcast<u32>(f32(h + 0.0004h)));", [floatBits(1)]],
    "workgroup memory is zero in each workgroup": ["w += 1u; put(w);", [1, 1, 1], 3],
    "a float as an i32": ["var x = -3.9; put(bitcast<u32>(i32(x)));", [-3]],
    "quotients of negative numbers": ["var a = -7; put(bitcast<u32>(a / 2)); put(bitcast<u32>(a % 2));", [-3, -1]],
    "a shift by more than 31 bits": ["var by = 33u; put(1u << by);", [2]],
    "sums of f32": ["var x = 16777216.0; put(u32((x + 1.0) - x));", [0]],
  };

test.each(Object.entries(probes))("probe: %s", (_, [statements, wanted, workgroups = 1]) => {
  const out = new Int32Array(4);
  const code = `enable f16;
    @group(0) @binding(0) var<storage, read_write> out: array<atomic<u32>, 4>;
    var<workgroup> w: u32;
    var<private> calls: u32;
    fn called() -> bool { calls += 1; return true; }
    fn put(found: u32) { atomicStore(&out[1u + atomicAdd(&out[0], 1u)], found); }
    @compute @workgroup_size(1) fn main() { ${statements} }`;
  runBoth(code, { out }, { workgroups: [workgroups, 1, 1] });
  expect([...out.subarray(0, 1 + wanted.length)]).toEqual([wanted.length, ...wanted]);
});

describe("operators give what the functions of single scalars give", () => {
  test.each([
    ["f32", binary.f32, unary.f32],
    ["i32", [...binary.i32, "<<", ">>"], unary.i32],
    ["u32", [...binary.i32, "<<", ">>"], ["~", "abs", "reverseBits", "firstLeadingBit"]],
  ] as const)("%s", (scalar, pairs, singles) => {
    const names = [...ordered, ...pairs, ...singles];
    const values = edges[scalar];
    const [count, lanes] = [values.length, values.length ** 2];
    const expressions = names.map((name, i) => {
      const isSingle = i >= ordered.length + pairs.length;
      const right = name === "<<" || name === ">>" ? "bitcast<u32>(b)" : "b";
      const call = isSingle ? `${name}(a)` : /^\w/.test(name) ? `${name}(a, b)` : `a ${name} ${right}`;
      return `out[${i} * ${lanes} + lane] = bitcast<u32>(${ordered.includes(name) ? `select(0u, 1u, ${call})` : call});`;
    });
    const out = new Uint32Array(names.length * lanes);
    const given =
      scalar === "f32" ? new Float32Array(values) : scalar === "i32" ? new Int32Array(values) : new Uint32Array(values);
    runBoth(
      `@group(0) @binding(0) var<storage, read> given: array<${scalar}>;
       @group(0) @binding(1) var<storage, read_write> out: array<u32>;
       @compute @workgroup_size(${lanes}) fn main(@builtin(local_invocation_index) lane: u32) {
         let a = given[lane / ${count}]; let b = given[lane % ${count}];
         ${expressions.join("\n")}
       }`,
      { given, out },
    );
    const bitsOf = (value: number) => (Number.isNaN(value) ? "NaN" : scalar === "f32" ? floatBits(value) : value >>> 0);
    for (const [i, name] of names.entries()) {
      const apply = scalarFunction(
        name === "-" && i >= ordered.length + pairs.length ? "negate" : name,
        scalar as ScalarName,
      );
      for (let lane = 0; lane < lanes; lane++) {
        const [a, b] = [given[Math.floor(lane / count)], given[lane % count]] as [number, number];
        const expected = apply?.(a, name === "<<" || name === ">>" ? b >>> 0 : b, 0, 0) ?? Number.NaN;
        const found = out[i * lanes + lane] as number;
        const isWord = ordered.includes(name) || scalar !== "f32";
        expect(isWord ? found : bitsOf(floatOf(found)), `${a} ${name} ${b}`).toBe(
          isWord ? expected >>> 0 : bitsOf(expected),
        );
      }
    }
  });

  test("conversions", () => {
    const floats = new Float32Array([
      0,
      -0,
      0.9,
      -0.9,
      2.5,
      -3.9,
      1e20,
      -1e20,
      2147483520,
      4294967040,
      -1,
      Number.NaN,
      1e9,
      65519,
      65520,
      1e-8,
    ]);
    const lanes = floats.length;
    const out = new Int32Array(lanes * 6);
    runBoth(
      `enable f16; @group(0) @binding(0) var<storage, read> floats: array<f32>;
       @group(0) @binding(1) var<storage, read_write> out: array<i32>;
       @compute @workgroup_size(${lanes}) fn main(@builtin(local_invocation_index) lane: u32) {
         let x = floats[lane];
         out[lane] = i32(x); out[${lanes} + lane] = bitcast<i32>(u32(x)); out[${2 * lanes} + lane] = i32(bool(x));
         out[${3 * lanes} + lane] = bitcast<i32>(f32(f16(x)));
         out[${4 * lanes} + lane] = bitcast<i32>(f32(i32(x))); out[${5 * lanes} + lane] = bitcast<i32>(f32(u32(x)) + f32(x > 1));
       }`,
      { floats, out },
    );
    const part = (i: number) => [...out.subarray(i * lanes, (i + 1) * lanes)];
    expect(part(0)).toEqual([
      0, 0, 0, 0, 2, -3, 2147483520, -2147483648, 2147483520, 2147483520, -1, 0, 1e9, 65519, 65520, 0,
    ]);
    expect(part(1).map((x) => x >>> 0)).toEqual([
      0, 0, 0, 0, 2, 0, 4294967040, 0, 2147483520, 4294967040, 0, 0, 1e9, 65519, 65520, 0,
    ]);
    expect(part(2)).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect(part(3).slice(11, 16).map(floatOf)).toEqual([Number.NaN, Infinity, 65504, Infinity, 0]);
    expect(part(3).slice(2, 6).map(floatOf)).toEqual([0.89990234375, -0.89990234375, 2.5, -3.900390625]);
    expect(part(4).slice(4, 8).map(floatOf)).toEqual([2, -3, 2147483520, -2147483648]);
    expect(part(5).slice(4, 8).map(floatOf)).toEqual([3, 0, 4294967040, 0]);
  });

  test("operators of f16 round once", () => {
    const halves = [
      1,
      0.1,
      0.0004,
      1023.5,
      65504,
      2 ** -14,
      2 ** -24,
      3 * 2 ** -24,
      -2.2,
      0.333,
      511,
      1 + 2 ** -10,
      2 ** -11 - 2 ** -21,
    ].map((x) => halfOf(halfBits(x)));
    const [given, count] = [Uint16Array.from(halves, halfBits), halves.length];
    const out = new Uint16Array(5 * count * count);
    runBoth(
      `enable f16; @group(0) @binding(0) var<storage, read> given: array<f16, ${count}>;
       @group(0) @binding(1) var<storage, read_write> out: array<array<f16, ${count * count}>, 5>;
       @compute @workgroup_size(${count * count}) fn main(@builtin(local_invocation_index) lane: u32) {
         let a = given[lane / ${count}]; let b = given[lane % ${count}];
         out[0][lane] = a + b; out[1][lane] = a - b; out[2][lane] = a * b; out[3][lane] = a / b; out[4][lane] = fma(a, b, a);
       }`,
      { given, out },
    );
    const exact = [
      (a: number, b: number) => a + b,
      (a, b) => a - b,
      (a, b) => a * b,
      (a, b) => a / b,
      (a, b) => a * b + a,
    ] as ((a: number, b: number) => number)[];
    for (const [i, apply] of exact.entries()) {
      for (let lane = 0; lane < count * count; lane++) {
        const [a, b] = [halves[Math.floor(lane / count)], halves[lane % count]] as [number, number];
        expect(out[i * count * count + lane], `${a}, ${b}, ${i}`).toBe(halfBits(apply(a, b)));
      }
    }
  });
});
