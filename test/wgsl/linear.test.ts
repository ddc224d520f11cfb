// Every pass over a user's text takes time linear in it: what is counted are visits to tokens, nodes and declarations.
import { describe, expect, test } from "vitest";
import { longTexts } from "../../scripts/measure/wgsl/long-texts.ts";
import { ShaderError } from "../../src/gpu/errors.ts";
import { specialise } from "../../src/gpu/shader/specialise.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { anyMaskMod } from "../../src/kernels/attention/records/made-mods.ts";
import { declarationVisits, maxVisits, visitsOf } from "../support/numbers/linear.ts";

test.each(Object.entries(longTexts))("a mask of 5,000 nodes: %s", (_, made) => {
  for (const [pass, { nodes, visits }] of Object.entries(visitsOf(made(5000, 450)))) {
    expect(visits / nodes, `visits of a node, ${pass}`).toBeLessThan(maxVisits[pass as keyof typeof maxVisits]);
  }
});

test("a chain of 300 terms, and a constant of 60 products, as a mask", () => {
  const mask = (chain: string, constants = "") =>
    `${constants}fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { let x = ${chain}; return x > q; }`;
  for (const wgsl of [mask(`${"k + ".repeat(300)}k`), mask("A", `const A = ${"1u * ".repeat(60)}1u;`)]) {
    expect(anyMaskMod({ kind: "custom", wgsl }).operations).toBeGreaterThan(0);
  }
});

describe("declarations by their text, 5,000 of them, each of two of the one before", () => {
  const names = Array.from({ length: 5000 }, (_, i) => i);
  test.each<[kind: "constants" | "aliases" | "structs", text: (i: number) => string, value: number | undefined]>([
    ["constants", (i) => (i % 99 === 0 ? "1" : `A${i - 1} + 1 * A${i - 1} - A${i - 1}`), 1],
    ["constants", (i) => `A${(i + 1) % 5000} + A${(i + 1) % 5000}`, undefined], // refers to itself
    ["aliases", (i) => (i % 199 === 0 ? "f32" : `A${i - 1}`), 4],
    ["aliases", (i) => `A${i % 100 === 99 ? i - 99 : i + 1}`, undefined],
    ["structs", (i) => (i % 20 === 0 ? "a: u32" : `a: A${i - 1}, b: A${i - 1}`), 4 * 2 ** 19],
    ["structs", (i) => `a: A${i % 100 === 99 ? i - 99 : i + 1}, b: A${i}`, undefined],
  ])("%s", (kind, text, value) => {
    const texts = names.map((i): [string, string] => [`A${i}`, text(i)]);
    const found = declarationVisits(kind, "A4999", texts);
    expect(found.value).toBe(value);
    expect(found.visits / found.nodes).toBeLessThan(maxVisits.declarations);
  });
});

describe("what is deeper than compilers take is refused with its line, in a mask and in a kernel of one's own", () => {
  // Tint takes 126 levels of parentheses, 127 of statements with their blocks, and 512 of operators.
  test.each([
    ["a chain", `let x = k${"+k".repeat(5000)};`],
    ["products", `let x = k${"*k".repeat(5000)};`],
    ["members", `let x = vec2(k)${".xy".repeat(2500)};`],
    ["parentheses", `let x = ${"(".repeat(2500)}k${")".repeat(2500)};`],
    ["signs", `let x = ${"~ ".repeat(5000)}k;`],
    ["calls", `let x = ${"min(k,".repeat(2000)}k${")".repeat(2000)};`],
    ["templates", `var x: ${"array<".repeat(1000)}u32${", 1>".repeat(1000)};`],
    ["blocks", `${"{".repeat(2500)}${"}".repeat(2500)}`],
    ["branches", `${"if (k > q) {".repeat(63)}${"}".repeat(63)}`],
    ["branches after another", `if (k > q) {}${" else if (k > q) {}".repeat(127)}`],
    ["loops", `${"for (;;) {".repeat(63)}${"}".repeat(63)}`],
    ["choices", `${"switch (k) { default {".repeat(42)}${"} }".repeat(42)}`],
  ])("%s", (_, statement) => {
    const wgsl = `// The third line is too deep.
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {
  ${statement}
  return true;
}`;
    for (const read of [() => anyMaskMod({ kind: "custom", wgsl }), () => wgslModule(wgsl)]) {
      const error = refusal(read);
      expect(error).toBeInstanceOf(ShaderError);
      expect(error).toMatchObject({ line: 3 });
      expect(error?.message).toMatch(
        /^[a-z/]+:3: (?:more than 120 nested levels|an expression deeper than 500 operators)/,
      );
    }
  });
});

test("long chains of functions and constants exhaust no stack", () => {
  const calls = (count: number) =>
    `${Array.from({ length: count }, (_, i) => `fn f${i}(x: u32) -> u32 { return f${i + 1}(x)+x; }`).join("\n")}
fn f${count}(x: u32) -> u32 { return x; }
fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool { return f0(k) > q; }`;
  expect(anyMaskMod({ kind: "custom", wgsl: calls(250) }).operations).toBeGreaterThan(250);
  expect(refusal(() => anyMaskMod({ kind: "custom", wgsl: calls(300) }))?.message).toMatch(/comes to \d+ calls/);
  const chain = (count: number, of: (i: number) => string) => Array.from({ length: count }, (_, i) => of(i)).join("\n");
  const kernel = (declarations: string) =>
    specialise(wgslModule(`${declarations}\n@compute @workgroup_size(A0) fn main() {}`)).declarations;
  const constants = (count: number) => `${chain(count, (i) => `const A${i} = (A${i + 1} * 1);`)} const A${count} = 64;`;
  expect(kernel(constants(60)).workgroupSize).toEqual([64, 1, 1]);
  expect(refusal(() => kernel(constants(1000)))?.message).toContain("@workgroup_size(A0) has A0, expected a constant");
  const types = (count: number) =>
    `const A0 = 1; ${chain(count, (i) => `struct T${i} { a: T${i + 1}, b: T${i + 1} }`)}
alias T${count} = f32; var<workgroup> x: T0;`;
  expect(kernel(types(20)).workgroupBytes).toBe(4 * 2 ** 20);
  expect(refusal(() => kernel(types(600)))?.message).toMatch(/:\d+: T\d+ nests more than 250 types/);
  expect(refusal(() => kernel("alias T = U; alias U = T;"))?.message).toContain("T is declared by itself");
});

function refusal(call: () => unknown): Error | undefined {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  return undefined;
}
