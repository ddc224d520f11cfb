import { describe, expect, test } from "vitest";
import { randomProgram } from "../random-programs.ts";
import { resultsInFloat64, runBothWays, type Written } from "./run-float64.ts";

/** Of 0.7 · 10 WGSL says no more than that it is near 7: in float64 it is less, rounded to f32 it is 7. */
const doubtful = 0.7;
const certain = 0.75;

/** What is computed from either number, in lanes of their own. */
function ofBoth(body: string, helpers = ""): Written {
  return resultsInFloat64(body, [doubtful, certain, doubtful, certain], { n: [0, 1, 2, 3], helpers });
}

const marks = ({ elements }: Written): number[] => [...elements.decided];

describe("a branch on a float that rounding decides", () => {
  test.each([
    ["marks what one of its ways stores", "if (x[lane] * 10 < 7) { result = 1; }"],
    ["marks what the other one stores", "if (x[lane] * 10 >= 7) { result = 1; } else { result = 2; }"],
    [
      "marks what depends on a number that it has stored",
      "var a = 1.0; if (x[lane] * 10 < 7) { a = 2; } if (a < 5) { result = 1; }",
    ],
    ["marks what follows from it", "var a = 1.0; if (x[lane] * 10 < 7) { a = 2; } result = a * 3 + 1;"],
    ["marks what a function returns that is called on the way", "if (x[lane] * 10 < 7) { result = one(); }"],
    ["of a function marks what it returns", "result = branched(x[lane] * 10);"],
    ["of a function that stores to what a pointer points to", "put(&result, x[lane] * 10);"],
    ["of a switch", "switch u32(x[lane] * 10) { case 6 { result = 1; } default { result = 2; } }"],
    [
      "of a switch that only another case stores in",
      "switch u32(x[lane] * 10) { case 6 { } case 7 { result = 1; } default { } }",
    ],
    ["that leaves a loop", "for (var i = 0; i < 9; i++) { if (x[lane] * f32(i) * 10 >= 7) { break; } result += 1; }"],
    [
      "inside of another one that leaves",
      "loop { if (x[lane] * 10 < 7) { if (lane < 9) { break; } } result += 1; if (result > 3) { break; } }",
    ],
    ["at the end of a turn", "loop { result += 1; continuing { break if x[lane] * 10 * result >= 14; } }"],
    ["that continues", "for (var i = 0; i < 3; i++) { if (x[lane] * 10 < 7) { continue; } result = 1; }"],
    ["that returns from a loop", "result = returning(x[lane] * 10);"],
    ["marks what a function stores that is called on the way", "if (x[lane] * 10 < 7) { keep(); } result = kept;"],
    [
      "marks memory that a function stores to which has branches itself",
      "if (x[lane] * 10 < 7) { share(lane); } result = shared_floats[lane];",
    ],
    ["marks what is stored after a loop from which others return", "turns(x[lane] * 10, lane); result = kept;"],
    ["marks what is stored before a return in a loop", "count(x[lane] * 10); result = kept;"],
    [
      "marks memory that is stored to in a loop that it leaves",
      "for (var i = 0; i < 2; i++) { if (x[lane] * 10 < 7) { if (lane < 9) { break; } } shared_floats[lane] = 1; } result = shared_floats[lane];",
    ],
    ["joined with one of its own", "if (lane < 9 && x[lane] * 10 < 7) { result = 1; }"],
    [
      "which decides whether the right side is evaluated",
      "if (x[lane] * 10 < 7 && shared_floats[lane] == 0) { result = 1; }",
    ],
  ])("%s", (_, body) => {
    const helpers = `var<private> kept: f32; fn keep() { kept = 5; }
      fn count(x: f32) { for (var i = 0; i < 3; i++) { kept += 1; if (x < 7) { return; } } }
      fn turns(x: f32, lane: u32) {
        for (var i = 0; i < 3; i++) {
          if (i == 1) { return; }
          if (x < 7) { if (lane < 9) { break; } }
        }
        kept = 7;
      }
      fn share(lane: u32) { if (lane < 9) { kept = 1; } shared_floats[lane] = 1; }
      fn one() -> f32 { return 1; }
      fn branched(x: f32) -> f32 { if (x < 7) { return 1; } return 2; }
      fn put(to: ptr<function, f32>, x: f32) { if (x < 7) { *to = 5; } }
      fn returning(x: f32) -> f32 { for (var i = 0; i < 3; i++) { if (x < 7) { return 1; } } return 2; }`;
    expect(marks(ofBoth(body, helpers))).toEqual([1, 0, 1, 0]);
  });

  test.each([
    ["what is stored before", "result = 1; if (x[lane] * 10 < 7) { let y = 2.0; }"],
    ["what is stored after both ways have met", "var a = 1; if (x[lane] * 10 < 7) { a = 2; } result = 3;"],
    ["what is stored after a loop", "for (var i = 0; i < 9; i++) { if (x[lane] * 10 < 7) { break; } } result = 1;"],
    ["what is stored after a function has returned", "early(x[lane] * 10); result = 1;"],
    ["what a number gives that both ways leave as it was", "if (x[lane] * 10 < 7) { workgroupless(); } result = 1;"],
    ["what depends on integers", "if (u32(x[lane] * 10) > 3) { result = 1; }"],
    ["what depends on the sign of a float", "if (bitcast<u32>(x[lane] * 10) >> 31 == 0) { result = 1; }"],
    [
      "what depends on whether it is NaN",
      "if ((bitcast<u32>(x[lane] * 10 - 7) & 0x7fffffff) > 0x7f800000) { result = 1; }",
    ],
    ["a value that select chooses", "result = select(1.0, 2.0, x[lane] * 10 < 7);"],
    ["the larger of two", "result = max(x[lane] * 10, 7);"],
  ])("does not mark %s", (_, body) => {
    const helpers = "fn early(x: f32) { if (x < 7) { return; } } fn workgroupless() { }";
    const found = ofBoth(body, helpers);
    expect(marks(found)).toEqual([0, 0, 0, 0]);
    expect(found.comparison.outside).toBe(0);
  });

  test("marks memory that is stored to on the way that the lane does not take", () => {
    const code = (condition: string) => `
      @group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> out: array<f32>;
      @group(0) @binding(2) var<storage, read_write> other: array<f32>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) {
        if (${condition}) { out[lane] = 1; } else if (lane == 9) { other[lane] = 2; }
      }`;
    const run = (condition: string) => {
      const given = {
        x: Float32Array.of(doubtful, certain, certain, certain),
        out: new Float32Array(4),
        other: new Float32Array(4),
      };
      return runBothWays(code(condition), given);
    };
    for (const condition of ["x[lane] * 10 < 7", "!(x[lane] * 10 >= 7)"]) {
      const taken = run(condition);
      expect(marks(taken["out"] as Written)).toEqual([1, 0, 0, 0]);
      expect(marks(taken["other"] as Written)).toEqual([1, 1, 1, 1]);
    }
    const missed = run("x[lane] * 10 >= 7");
    expect(marks(missed["out"] as Written)).toEqual([1, 0, 0, 0]);
    expect(marks(missed["other"] as Written)).toEqual([0, 0, 0, 0]);
  });

  test("and is over when the next workgroup starts, in which nothing is known of the last one", () => {
    const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> out: array<f32>;
      var<private> kept = 1.0; var<workgroup> stored: array<f32, 2>; var<workgroup> missed: array<f32, 2>;
      @compute @workgroup_size(2) fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u) {
        out[2 * id.x + lane] = kept + stored[lane] + missed[lane];
        if (x[id.x] * 10 >= 7 && id.x == 0) { missed[lane] = 1; }
        if (x[id.x] * 10 < 7) { kept = x[0] * 1.1; stored[lane] = 1; return; }
      }`;
    const given = { x: Float32Array.of(doubtful, certain), out: new Float32Array(4) };
    const { elements } = runBothWays(code, given, { workgroups: [2, 1, 1] })["out"] as Written;
    expect([...elements.values]).toEqual([1, 1, 1, 1]);
    expect([...elements.bounds]).toEqual([0, 0, 0, 0]);
    expect([...elements.decided]).toEqual([0, 0, 0, 0]);
  });
});

describe("what rounding decides elsewhere", () => {
  test.each([
    ["an index", "result = y[u32(x[lane] * 10)];", [1, 0, 1, 0]],
    [
      "an index of a variable",
      "var all = array(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0); result = all[u32(x[lane] * 10)];",
      [1, 0, 1, 0],
    ],
    [
      "an index that is stored to",
      "var all = array(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0); all[u32(x[lane] * 10)] = 0; result = all[0];",
      [1, 0, 1, 0],
    ],
    [
      "an index of workgroup memory that is stored to",
      "shared_floats[u32(x[lane] * 10)] = 1; workgroupBarrier(); result = shared_floats[lane];",
      [1, 1, 1, 1],
    ],
    [
      "an index of an atomic",
      "atomicAdd(&shared_words[u32(x[lane] * 10)], 1); workgroupBarrier(); result = f32(atomicLoad(&shared_words[lane]));",
      [1, 1, 1, 1],
    ],
    ["a code", "result = f32(pack4x8unorm(vec4f(x[lane] / 0.7 * 1.5 / 255)) & 3);", [1, 0, 1, 0]],
    [
      "a subnormal f16 in a word",
      "result = f32(pack2x16float(vec2f(select(1.0, 1e-5, lane % 2 == 0), 0)));",
      [1, 0, 1, 0],
    ],
    ["bits of a float", "result = f32(countOneBits(bitcast<u32>(x[lane] * 10)));", [1, 0, 1, 0]],
    ["the lane that is read", "result = subgroupShuffle(f32(lane), u32(x[lane] * 10) - 6);", [1, 0, 1, 0]],
    [
      "whether a lane takes part",
      "if (x[lane] * 10 < 7) { result = subgroupAdd(1.0); } else { result = subgroupAdd(1.0); }",
      [1, 1, 1, 1],
    ],
    [
      "a value of another lane",
      "var a = 1.0; if (x[lane] * 10 < 7) { a = 2; } result = subgroupShuffleXor(a, 1);",
      [0, 1, 0, 1],
    ],
    ["a sum over lanes", "var a = 1.0; if (x[lane] * 10 < 7) { a = 2; } result = subgroupAdd(a);", [1, 1, 1, 1]],
  ])("%s", (_, body, expected) => {
    expect(marks(ofBoth(body))).toEqual(expected);
  });

  test.each([
    [
      "atomic sums",
      "atomicAdd(&shared_words[0], u32(x[lane] * 10)); workgroupBarrier(); result = f32(atomicLoad(&shared_words[0]));",
      2,
    ],
    [
      "atomic maxima",
      "atomicMax(&shared_words[0], u32(x[lane] * 10)); workgroupBarrier(); result = f32(atomicLoad(&shared_words[0]));",
      0,
    ],
    ["chosen integers", "result = f32(select(2, 5, x[lane] * 10 < 7));", 3],
    ["integers", "result = f32((u32(x[lane] * 10) * 6 - 1) / 2 + 100);", 3],
    ["order", "let key = bitcast<u32>(x[lane] * 10) ^ 0x80000000u; result = f32(u32(key > 0x80000000u));", 0],
  ])("%s keep a range", (_, body, bound) => {
    const { elements, comparison } = ofBoth(body);
    expect([...elements.decided]).toEqual([0, 0, 0, 0]);
    expect(comparison.outside).toBe(0);
    expect(elements.bounds[0]).toBeCloseTo(bound, 4);
  });
});

test("integers and bits in memory keep their ranges", () => {
  const code = `@group(0) @binding(0) var<storage, read> x: array<f32>;
    @group(0) @binding(1) var<storage, read_write> whole: array<i32>;
    @group(0) @binding(2) var<storage, read_write> bits: array<u32>;
    @compute @workgroup_size(2) fn main(@builtin(local_invocation_index) lane: u32) {
      whole[lane] = i32(x[lane] * 10) - 8; bits[lane] = bitcast<u32>(-x[lane] * 10);
    }`;
  const given = { x: Float32Array.of(doubtful, certain), whole: new Int32Array(2), bits: new Uint32Array(2) };
  const { whole, bits } = runBothWays(code, given) as Record<"whole" | "bits", Written>;
  expect([...whole.elements.values]).toEqual([-2, -1]);
  expect([...whole.elements.bounds]).toEqual([1, 0]);
  expect([...whole.elements.decided, ...bits.elements.decided]).toEqual([0, 0, 0, 0]);
  expect([whole.comparison.within, bits.comparison.within]).toEqual([2, 2]);
  expect(bits.elements.bounds[0]).toBeGreaterThan(0);
  expect(bits.elements.bounds[0]).toBeLessThan(3);
});

test("whichever way a GPU takes: programs of random control flow, on words that rounding decides", () => {
  const tenths = Float32Array.of(0.7, 0.5, 1.4, 3.5, 0.25, 2.8, 4.5, 7.5);
  const total = { differing: 0, marked: 0, unmarked: 0 };
  for (let seed = 0; seed < 24; seed++) {
    const code = randomProgram(seed, new Uint32Array(8))
      .code.replace(/var<storage, read> words: array<u32>;/, "var<storage, read> tenths: array<f32>; $&")
      .replace(
        /@group\(0\) @binding\(0\) (.*?;) var<storage, read> words: array<u32>;/,
        "@group(0) @binding(0) $1 fn word(i: u32) -> u32 { return u32(tenths[i] * 10); }",
      )
      .replaceAll("words[", "word(")
      .replaceAll("% 8u]", "% 8u)");
    const strands = seed % 2 === 0 ? "subgroup" : "workgroup";
    const { elements, plain, comparison } = runBothWays(code, { tenths, out: new Uint32Array(64) }, { strands })[
      "out"
    ] as Written;
    expect(comparison.outside, `seed ${seed}\n${code}`).toBe(0);
    const rounded = new Uint32Array(plain);
    total.differing += rounded.filter((word, i) => word !== elements.values[i]).length;
    total.marked += comparison.decided;
    total.unmarked += comparison.within;
  }
  expect(total.differing).toBeGreaterThan(300);
  expect(total.unmarked).toBeGreaterThan(total.marked);
});
