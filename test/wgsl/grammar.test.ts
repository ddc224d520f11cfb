import { describe, expect, test } from "vitest";
import { withoutComments } from "../../src/wgsl/comments.ts";
import { WgslError } from "../../src/wgsl/error.ts";
import { parse } from "../../src/wgsl/parse.ts";
import { edited, prefixed } from "../../src/wgsl/rename.ts";
import { resolve } from "../../src/wgsl/scopes.ts";
import { tokensOf } from "../../src/wgsl/tokens.ts";
import type { Expression } from "../../src/wgsl/tree.ts";
import { allStatements } from "../../src/wgsl/walk.ts";

const texts = (code: string) => tokensOf(code).map(({ kind, text }) => (kind === "template" ? `⟨${text}⟩` : text));
const lists = (code: string) => texts(code).slice(0, -1).join(" ").replaceAll("⟨<⟩", "⟨").replaceAll("⟨>⟩", "⟩");

describe("tokens", () => {
  test("words, numbers and signs, without comments", () => {
    expect(texts("a<=0x1Fu&&b>>=1.5e-3f; // c\n->x--").slice(0, -1)).toEqual([
      ...["a", "<=", "0x1Fu", "&&", "b", ">>=", "1.5e-3f", ";", "->", "x", "--"],
    ]);
  });

  test.each([
    ...["1", "1i", "1u", "1f", "1h", "1.0", ".5", "1e3", "0x1p-24", "0x1.fffffep+127f", "0x.8", "0XAu", "12.", "0"],
  ])("%s is a number", (number) => {
    expect(tokensOf(number)[0]).toMatchObject({ kind: "number", text: number });
  });

  test.each([
    ["012", "012 is not a number"],
    ["1.5u", "1.5u is not a number"],
    ["0x", "0x is not a number"],
    ["1a", "1a is not a number"],
    ["__a", "__a begins with two underscores"],
    ["a # b", "# is not used in WGSL"],
    ["a \u0001", "U+0001 is not used in WGSL"],
    ["/* a /* b */", "a comment is not closed"],
  ])("%s is none", (code, says) => {
    expect(() => tokensOf(code)).toThrow(says);
    expect(() => tokensOf(code)).toThrow(WgslError);
  });

  test("comments nest, end where WGSL's lines end, and stay comments", () => {
    expect(texts("a /* /* b */ c */ d // e\u2028 f /* // */ g").slice(0, -1)).toEqual(["a", "d", "f", "g"]);
    const code = "a // b /* c\n/* d // e */ f /* g /* h\n*/ i */ j / k * l";
    const bare = withoutComments(code);
    expect(bare.length).toBe(code.length);
    for (const kept of ["a", "\n", "f", "j / k * l"]) expect(bare.indexOf(kept)).toBe(code.indexOf(kept));
    expect(bare.replace(/\s+/g, "")).toBe("afj/k*l");
  });
});

test.each([
  ["array<vec4<f32>>", "array ⟨ vec4 ⟨ f32 ⟩ ⟩"],
  ["a < b || c > d", "a < b || c > d"],
  ["a < b && c > d", "a < b && c > d"],
  ["f(a < b, c > d)", "f ( a ⟨ b , c ⟩ d )"], // as WGSL has it: the programmer writes parentheses
  ["i < min(a, b)", "i < min ( a , b )"],
  ["i < n; j > m", "i < n ; j > m"],
  ["a[b < c] > d", "a [ b < c ] > d"],
  ["array<u32, (N > 3)>", "array ⟨ u32 , ( N > 3 ) ⟩"],
  ["array<u32, N + 1>()", "array ⟨ u32 , N + 1 ⟩ ( )"],
  ["vec2<f32>>=x", "vec2 ⟨ f32 ⟩ >= x"],
  ["a<<b>>c", "a << b >> c"],
  ["x = array<f32, 4>(1)", "x = array ⟨ f32 , 4 ⟩ ( 1 )"],
  ["a < b = c >", "a < b = c >"],
  ["a <= b >= c == d != e", "a <= b >= c == d != e"],
  ["/**/ptr/**/</**/function, u32>", "ptr ⟨ function , u32 ⟩"],
])("template lists are found before anything is parsed: %s", (code, expected) => {
  expect(lists(code)).toBe(expected);
});

/** An expression with all of its parentheses. */
function shown(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return expression.text;
    case "name":
      return expression.name + (expression.template.length > 0 ? `<${expression.template.map(shown).join()}>` : "");
    case "call":
      return `${shown(expression.callee)}(${expression.values.map(shown).join()})`;
    case "index":
      return `${shown(expression.base)}[${shown(expression.index)}]`;
    case "member":
      return `${shown(expression.base)}.${expression.member.name}`;
    case "unary":
      return `(${expression.sign}${shown(expression.operand)})`;
    case "binary":
      return `(${shown(expression.left)}${expression.sign}${shown(expression.right)})`;
  }
}
const expressionOf = (code: string) => {
  const [first] = parse(`const x = ${code};`).declarations;
  return first?.kind === "variable" && first.value ? shown(first.value) : "";
};

test.each([
  ["1 + 2 * 3 - 4", "((1+(2*3))-4)"],
  ["-a.b[0] * !c", "((-a.b[0])*(!c))"],
  ["a + b < c - d && e == f && g", "((((a+b)<(c-d))&&(e==f))&&g)"],
  ["a << 2u == b >> 1u", "((a<<2u)==(b>>1u))"],
  ["a & b & c", "((a&b)&c)"],
  ["(a & b) | c", "((a&b)|c)"],
  ["- - a", "(-(-a))"],
  ["f(a, (b), )[1].xy", "f(a,b)[1].xy"],
  ["*p + (&q)[0]", "((*p)+(&q)[0])"],
  ["vec2<f32>(1, 2).x", "vec2<f32>(1,2).x"],
])("precedence: %s", (code, expected) => {
  expect(expressionOf(code)).toBe(expected);
});

describe("what is not WGSL is refused, at its place", () => {
  const line = "const x = 1;\n";
  test.each([
    ["const y = a + b << c;", "<< needs parentheses here"],
    ["const y = a << b << c;", "<< needs parentheses here"],
    ["const y = a < b == c;", "== needs parentheses here"],
    ["const y = a & b | c;", "| needs parentheses here"],
    ["const y = a + b & c;", "& needs parentheses here"],
    ["const y = a && b || c;", "|| needs parentheses here"],
    ["const y = --a;", "-- stands before nothing"],
    ["const if = 1;", "if stands where a name is expected"],
    ["const typeof = 1;", "typeof is a reserved word of WGSL"],
    ["const _ = 1;", "_ stands where a name is expected"],
    ["const y = ;", "; stands where an expression is expected"],
    ["fn f() { let a: u32; }", "; stands where = is expected"],
    ["fn f() { 1 = a; }", "1 stands where a statement is expected"],
    ["fn f() { a + b; }", "+ stands where an assignment is expected"],
    ["fn f() { for (;;) }", "} stands where { is expected"],
    ["fn f() {", "{ is not closed"],
    ["fn f() }", "} closes nothing"],
    ["fn f(a: u32] {}", "] closes nothing, as ( is open"],
    ["fn f() { @diagnostic(off, a) let b = 1; }", "let stands where a statement that has attributes is expected"],
    ["enable f16;", "enable stands where a declaration, as directives come first, is expected"],
    ["let a = 1;", "let stands where a declaration is expected"],
    [`const y = ${"(".repeat(200)}1${")".repeat(200)};`, "more than 120 nested levels"],
    [`const y = ${"-".repeat(300).split("").join(" ")}1;`, "more than 120 nested levels"],
    [`const y = 1${"+1".repeat(500)};`, "deeper than 500 operators, calls and members"],
    [`fn f() ${"{".repeat(200)}${"}".repeat(200)}`, "more than 120 nested levels"],
  ])("%s", (code, says) => {
    const error = (() => {
      try {
        parse(line + code);
      } catch (reason) {
        return reason as WgslError;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(WgslError);
    expect(error?.message).toContain(says);
    expect(error?.at).toBeGreaterThanOrEqual(line.length);
  });
});

/** What each use of a name means: where it is declared, or what WGSL has by this name. */
function meaning(code: string, name: string): unknown[] {
  return [...resolve(parse(code)).meanings].flatMap(([word, what]): unknown[] => {
    if (word.name !== name) return [];
    return what === "unknown" || "predeclared" in what ? [what] : [what.label.at];
  });
}

test("statements of every kind, with the attributes that they may have", () => {
  const code = `@must_use fn f(@builtin(position) a: vec4<f32>,) -> @location(0) u32 @diagnostic(off, x.y) {
  @diagnostic(off, x) if (a.x > 1) { return 1; } else if true { ; } else { discard; }
  @diagnostic(off, x) { const_assert 1 < 2; }
  for (;;) { break; }
  for (i++; a[0].x < 2; f()) { continue; }
  while (i < 3) @diagnostic(off, x) { i <<= 1u; }
  loop @diagnostic(off, x) { let b = 1; continuing @diagnostic(off, x) { i -= b; break if i == 0; } }
  switch (i) @diagnostic(off, x) { case 1, 2,: { } case default, 3 { } }
  (*p).x = 1; _ = f(); f();
}`;
  const [f] = parse(code).declarations;
  if (f?.kind !== "function") throw new Error("it is no function");
  const kinds = [...allStatements(f.body)].map((one) =>
    one.kind === "block" ? `block${one.attributes.map(({ name }) => ` @${name}`).join("")}` : one.kind,
  );
  expect(new Set(kinds)).toEqual(
    new Set([
      ...["block", "block @diagnostic", "if", "return", "discard", "assertion", "for", "break", "continue", "while"],
      ...["assignment", "loop", "variable", "switch", "call-statement"],
    ]),
  );
  expect(kinds.filter((kind) => kind === "block @diagnostic").length).toBe(7);
});

describe("names", () => {
  test("the module has no order, functions do", () => {
    const code = "fn f() -> u32 { let a = A; { let A = a; _ = A; } return A; }\nconst A = B;\nconst B = 1;";
    const [module, inner] = [code.indexOf("A = B"), code.indexOf("A = a")];
    expect(meaning(code, "A")).toEqual([module, inner, module]);
    expect(meaning("fn f() { let a = b; let b = 1; }", "b")).toEqual(["unknown"]);
  });

  test("built-ins may be declared anew, everywhere or in a block", () => {
    expect(meaning("fn f() -> f32 { { let min = 1; _ = min; } return min(1, 2); }", "min")).toEqual([
      22,
      { predeclared: "function" },
    ]);
    expect(meaning("fn min() {} fn f() { min(); }", "min")).toEqual([3]);
    expect(meaning("alias f32 = u32; const a: f32 = 1;", "f32")).toEqual([6]);
  });

  test("a counter is known in its loop alone", () => {
    expect(meaning("fn f() { for (var i = 0; i < 2; i++) { _ = i; } _ = i; }", "i")).toEqual([
      14 + 4,
      18,
      18,
      "unknown",
    ]);
    expect(meaning("fn f() { loop { let a = 1; continuing { break if a > 0; } } }", "a")).toEqual([20]);
  });

  test("what attributes say of builtins is no name, their numbers are", () => {
    expect(meaning("@compute @workgroup_size(N) fn f(@builtin(position) p: u32) {} const N = 1;", "N")).toEqual([69]);
    expect(meaning("fn f(@builtin(position) p: u32) {}", "position")).toEqual([]);
  });

  test.each(["const a = 1; fn a() {}", "fn f(a: u32) { let a = 1; }", "fn f(a: u32, a: u32) {}"])(
    "twice in one scope: %s",
    (code) => {
      expect(() => resolve(parse(code))).toThrow("a is declared twice in one scope");
    },
  );
});

test("prefixed names leave members, comments, lines and what is shadowed alone", () => {
  const code = `// A comment with keys and mask_mod in it.
struct Params { keys: u32, @align(SIZE) more: vec4<f32> }
const SIZE: u32 = 16; /* SIZE /* nested */ */
@group(2) @binding(4) var<uniform> keys: Params;
@group(2) @binding(SIZE) var<storage, read> list: array<vec2<u32>>;  // @binding(9)
alias Own = array<u32, SIZE>;
fn helper(size: u32) -> u32 { let more = list[0].keys + keys.keys; let keys = 3u; return keys >> 2; }
fn mask_mod(m0_b: u32) -> bool { var own = Own(); return helper(SIZE) <= 0x1Fu && own[m0_b]==1e-3f; }
`;
  expect(edited(code, prefixed(resolve(parse(code)), "m0_"))).toBe(`// A comment with keys and mask_mod in it.
struct m0_Params { keys: u32, @align(m0_SIZE) more: vec4<f32> }
const m0_SIZE: u32 = 16; /* SIZE /* nested */ */
@group(2) @binding(4) var<uniform> m0_keys: m0_Params;
@group(2) @binding(m0_SIZE) var<storage, read> m0_list: array<vec2<u32>>;  // @binding(9)
alias m0_Own = array<u32, m0_SIZE>;
fn m0_helper(size: u32) -> u32 { let more = m0_list[0].keys + m0_keys.keys; let keys = 3u; return keys >> 2; }
fn m0_mask_mod(m0_m0_b: u32) -> bool { var own = m0_Own(); return m0_helper(m0_SIZE) <= 0x1Fu && own[m0_m0_b]==1e-3f; }
`);
});
