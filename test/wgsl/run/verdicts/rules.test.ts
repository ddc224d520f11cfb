import { describe, expect, test } from "vitest";
import { WgslError } from "../../../../src/wgsl/error.ts";
import { parse } from "../../../../src/wgsl/parse.ts";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { checkBehavior } from "../../../../src/wgsl/run/check/rules/behaviors.ts";
import { resolve } from "../../../../src/wgsl/scopes.ts";
import { countVisits } from "../../../support/count-visits.ts";

/** What is said against a text, and the text where it is. */
function refusal(code: string): [message: string, at: string] | undefined {
  try {
    checkProgram(code);
    return undefined;
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    return [error.message, code.slice(error.at)];
  }
}

describe("an error says what is wrong, and where", () => {
  test.each([
    ["fn f() -> u32 { if true { return 1; } }", "f may end here without returning a u32", "}"],
    ["fn f() { loop { continue; } }", "this loop never ends: nothing in it breaks or returns", "loop { continue; } }"],
    ["fn f() { loop { break; continuing { return; } } }", "return in continuing", "return; } } }"],
    [
      "fn f() { loop { if true { continue; } let z = 1; continuing { break if z > 1; } } }",
      "z is used here, but a continue jumps over its declaration",
      "z > 1; } } }",
    ],
    ["fn f() { } fn g() { let x = f(); }", "f returns no value", "f(); }"],
    ["@must_use fn f() -> u32 { return 1; } fn g() { f(); }", "what f gives is not used", "f(); }"],
    [
      "@group(0) @binding(0) var<storage> x: atomic<u32>;",
      "x is a atomic<u32>: atomic storage is read_write",
      "x: atomic<u32>;",
    ],
    ["@group(0) @binding(0) var<uniform> x: vec2<bool>;", "x is a vec2<bool>: buffers hold no bool", "x: vec2<bool>;"],
    [
      "fn f() { var x: array<u32>; }",
      "x is a array<u32>: in memory of function arrays have a size",
      "var x: array<u32>; }",
    ],
    [
      "struct S { a: array<u32>, b: u32 }",
      "a array<u32> as a member: arrays without a size come last, pointers nowhere",
      "a: array<u32>, b: u32 }",
    ],
    ["struct S { @align(2) a: u32 }", "@align(2), not a power of two that is a multiple of 4", "u32 }"],
    ["@size(4) fn f() { }", "@size does not stand before a function", "@size(4) fn f() { }"],
    [
      "@compute @workgroup_size(1, 1, 1, 1) fn f() { }",
      "@workgroup_size with 4 arguments",
      "@workgroup_size(1, 1, 1, 1) fn f() { }",
    ],
    ["requires nonsense;", "requires nonsense is not run here", "requires nonsense;"],
    ["override n = 1; const m = n;", "m is no constant, as an override is in it", "n;"],
    ["const x = clamp(1, 3, 2);", "clamp: its lower bound is above its upper one", "clamp(1, 3, 2);"],
    ["const x = 1i << 31;", "1 << here is no i32", "1i << 31;"],
    [
      "const x = 9223372036854775807 + 1;",
      "+ here is 9223372036854775808, which has more than 64 bits",
      "9223372036854775807 + 1;",
    ],
    [
      "fn f(p: ptr<function, u32>, q: ptr<function, u32>) { *p = *q; } fn g() { var x = 1u; f(&x, &x); }",
      "q points to x, which f accesses by another name too",
      "f(&x, &x); }",
    ],
    ["fn f() { for (;; let x = 1) { break; } }", "a declaration in the third part of a for", "let x = 1) { break; } }"],
    [
      "@align(4) struct S { a: u32 }",
      "struct stands where a declaration that has attributes is expected",
      "struct S { a: u32 }",
    ],
  ])("%s", (code, message, at) => {
    expect(refusal(code)).toEqual([message, at]);
  });
});

test("constants have the value that WGSL gives them", () => {
  const { entryPoints } = checkProgram(`@group(0) @binding(0) var<storage, read_write> out: array<f32>;
    const LARGE = 9007199254740993; const PAIR = vec2(1, LARGE);
    @compute @workgroup_size(1) fn main() {
      out[0] = LARGE - 9007199254740992; out[1] = PAIR.yx.x % 10; out[2] = f32(LARGE >> 62u);
      out[3] = max(LARGE, 2) - LARGE; out[4] = select(2, 3, false || !(false && 1 / 0 > 1));
    }`);
  const values = entryPoints.get("main")?.function.body.map((one) => one.kind === "store" && one.value);
  expect(values?.map((one) => one && one.kind === "constant" && one.value)).toEqual([[1], [3], [0], [0], [3]]);
});

test("the checker takes a switch by what its cases have in common", () => {
  const { entryPoints } = checkProgram(
    "@compute @workgroup_size(1) fn main() { switch 1 { case 1u, 4294967295u: { } default: { } } }",
  );
  const [found] = entryPoints.get("main")?.function.body ?? [];
  expect(found?.kind === "switch" && [found.value.type.name, found.cases.map(({ values }) => values)]).toEqual([
    "u32",
    [[1, 4294967295], [undefined]],
  ]);
});

describe("how functions end is found in linear time", () => {
  const nested = (depth: number, open: string, inside: string) => `${open.repeat(depth)}${inside}${"}".repeat(depth)}`;

  test.each([
    ["loops in loops", nested(55, "loop { if x > 1 { break; } ", "x += 1;")],
    ["branches in branches", nested(55, "if x > 1 { x += 1; ", "x += 1;").repeat(20)],
    ["continuing", "loop { if x > 1 { break; } let y = x; continuing { x += y; } }\n".repeat(200)],
    ["statements", "x += 1;\n".repeat(1000)],
  ])("%s", (_, statements) => {
    const module = parse(`fn f() { var x = 1; ${statements} }`);
    const { copy, nodes, visits } = countVisits(module, "kind");
    const scopes = resolve(copy);
    const before = visits();
    for (const node of copy.declarations) if (node.kind === "function") checkBehavior(scopes, node);
    expect(nodes).toBeGreaterThan(300);
    expect((visits() - before) / nodes).toBeLessThan(10);
  });
});
