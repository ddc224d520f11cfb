import { describe, expect, test } from "vitest";
import { moduleNames, prefixNames, renumberBindings, tokensOf } from "../../src/gpu/tokens.ts";

const code = `// A comment with keys and mask_mod in it.
struct Params { keys: u32, @align(SIZE) more: vec4<f32> }
const SIZE: u32 = 16; /* SIZE /* nested */ */
@group(2) @binding(4) var<uniform> keys: Params;
@group(2) @binding(SIZE) var<storage, read> list: array<vec2<u32>>;  // @binding(9)
alias Own = array<u32, SIZE>;
fn helper(size: u32) -> u32 { let keys = list[0].keys + keys.keys; return keys >> 2; }
fn mask_mod(b: u32) -> bool { var own = Own(); return helper(SIZE) <= 0x1Fu && own[1]==1e-3f; }
`;

describe("tokens", () => {
  test("words, numbers and signs, without comments", () => {
    expect(tokensOf("a<=0x1Fu&&b>>=1.5e-3f; // c\n->x--").map(({ text }) => text)).toEqual([
      "a",
      "<=",
      "0x1Fu",
      "&&",
      "b",
      ">>=",
      "1.5e-3f",
      ";",
      "->",
      "x",
      "--",
    ]);
    for (const { text, at } of tokensOf(code)) expect(code.startsWith(text, at)).toBe(true);
  });

  test("names of the module, and those alone", () => {
    expect(moduleNames(code).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      "struct Params",
      "const SIZE",
      "var keys",
      "var list",
      "alias Own",
      "fn helper",
      "fn mask_mod",
    ]);
  });
});

test("prefixed names leave members, comments and lines alone", () => {
  expect(prefixNames(code, "m0_")).toBe(`// A comment with keys and mask_mod in it.
struct m0_Params { keys: u32, @align(m0_SIZE) more: vec4<f32> }
const m0_SIZE: u32 = 16; /* SIZE /* nested */ */
@group(2) @binding(4) var<uniform> m0_keys: m0_Params;
@group(2) @binding(m0_SIZE) var<storage, read> m0_list: array<vec2<u32>>;  // @binding(9)
alias m0_Own = array<u32, m0_SIZE>;
fn m0_helper(size: u32) -> u32 { let m0_keys = m0_list[0].keys + m0_keys.keys; return m0_keys >> 2; }
fn m0_mask_mod(b: u32) -> bool { var own = m0_Own(); return m0_helper(m0_SIZE) <= 0x1Fu && own[1]==1e-3f; }
`);
});

test("bindings are numbered anew in their order", () => {
  const { code: numbered, next } = renumberBindings(code, 7);
  expect(next).toBe(9);
  expect(numbered.match(/@binding\(\w+\) var<\w+/g)).toEqual(["@binding(7) var<uniform", "@binding(8) var<storage"]);
  expect(numbered).toContain("// @binding(9)");
});
