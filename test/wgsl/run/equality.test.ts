import { describe, expect, test } from "vitest";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { classOf } from "../../../src/wgsl/run/equality.ts";

function classIn(statements: string, helpers = ""): string {
  const { entryPoints } = checkProgram(`enable f16; enable subgroups; ${helpers}
    @group(0) @binding(0) var<storage, read_write> floats: array<f32>;
    @group(0) @binding(1) var<storage, read_write> words: array<u32>;
    @group(0) @binding(2) var<storage, read_write> half: f16;
    var<workgroup> counts: array<atomic<u32>, 4>;
    @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {
      let x = floats[lane]; let n = words[lane]; var i = 0u; ${statements}
    }`);
  return classOf(entryPoints.get("main") as Parameters<typeof classOf>[0]);
}

test.each([
  "",
  "words[n / 3 % 4] += n * n; words[lane]++;",
  "floats[lane] = -x; floats[n] = abs(floor(max(x, 3.5)));",
  "if (x < 2 && n == 3) { words[0] = u32(x) + u32(i32(x)); }",
  "words[0] = bitcast<u32>(x); floats[0] = bitcast<f32>(n) ;",
  "floats[0] = f32(half); words[0] = u32(half); floats[1] = f32(n == 2);",
  "floats[0] = 1.0 / 3.0 + sqrt(2.0);",
  "atomicAdd(&counts[n % 4], n); atomicMax(&counts[0], 3u); workgroupBarrier(); words[0] = atomicLoad(&counts[1]);",
  "words[0] = subgroupAdd(n) + dot4U8Packed(n, n); floats[0] = subgroupMax(subgroupShuffle(x, 1));",
  "switch n { case 1: { i = 2; } default: { i = 3; } } loop { i++; continuing { break if i > n; } }",
  "let v = vec3u(n, i, 3); words[0] = dot(v, v.zyx); words[1] = arrayLength(&floats);",
  "floats[0] = unpack2x16float(n).x; floats[1] = frexp(x).fract; floats[2] = transpose(mat2x3f())[1].x;",
])("of the class bits: %s", (statements) => {
  expect(classIn(statements)).toBe("bits");
});

describe("one thing that rounds makes it a bound", () => {
  test.each([
    "floats[0] = x + 1;",
    "floats[0] -= x;",
    "floats[u32(x * 2)] = 1;",
    "floats[u32(x * 2)] += 1;",
    "floats[0] = f32(n);",
    "half = f16(x);",
    "floats[0] = exp(x);",
    "floats[0] = fma(x, x, x);",
    "floats[0] = dot(vec2f(x), vec2f(x));",
    "floats[0] = subgroupAdd(x);",
    "words[0] = pack2x16float(vec2f(x));",
    "floats[0] = unpack4x8unorm(n).x;",
    "if (x % 2 == 0) { i = 1; }",
    "for (var y = x; y < 4; y += 1) { i++; }",
    "switch u32(x * 3) { default: { i = 1; } }",
    "loop { i++; continuing { break if x * x > 2; } }",
    "words[0] = atomicAdd(&counts[0], 1u);",
    "words[0] = atomicExchange(&counts[0], 1u);",
    "atomicAdd(&counts[u32(x / 2)], 1u);",
    "let v = mat2x2f(x, 1, 2, 3) * 2.0; floats[0] = v[0].x;",
  ])("%s", (statements) => {
    expect(classIn(statements)).toBe("bound");
  });
});

test("functions count that the entry point calls, and no others", () => {
  const helpers = "fn half_of(x: f32) -> f32 { return x / 2; } fn outer(x: f32) -> f32 { return -half_of(x); }";
  expect(classIn("floats[0] = outer(x);", helpers)).toBe("bound");
  expect(classIn("floats[0] = x;", helpers)).toBe("bits");
});
