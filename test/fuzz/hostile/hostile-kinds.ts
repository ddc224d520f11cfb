// Faults of a user's WGSL, by kind.
import { endless } from "./hostile-loops.ts";
import type { Fault, Seeds } from "./hostile-seeds.ts";

const buffer = "@group(2) @binding(0) var<storage, read> list: array<u32>;";
const number = ({ random }: Seeds) => String(1 + random.integer(1000));

/** A pure expression of some depth in the parameters. */
export function filler({ random, pick }: Seeds, depth = 2): string {
  if (depth === 0) return pick(["q", "k", "b", "h", "1u", "0x1Fu", "u32(3)", "min(q, k)"]);
  const seeds = { random, pick } as Seeds;
  const [left, right] = [filler(seeds, depth - 1), filler(seeds, depth - 1)];
  return `(${left} ${pick(["+", "*", "-", "/", "%", "&", "^"])} ${right})`;
}

/** The faults, by kind. */
export const kinds: Readonly<Record<string, (seeds: Seeds) => Fault>> = {
  "writes what the kernel has": ({ engine, pick }) => ({
    statements: `!${engine}${pick(["[1] = vec4f(123.0)", " = 1.0", "[q].x += 1.0", ".x = 1u", "++", "[k]--"])};`,
    names: engine,
  }),
  "reads what the kernel has": ({ engine, pick }) => ({
    statements: `!let a = ${engine}${pick(["", "[0]", ".x", "(q, k)", "()", "[q][k].y"])};`,
    names: engine,
  }),
  "writes what it is given": ({ pick, own }) => {
    const target = pick(["list[0]", "list[k % 3]", "(list)[1]", "values.n", "(values).n"]);
    return {
      declarations: `struct P { n: u32 }\n${buffer}\n@group(2) @binding(1) var<uniform> values: P;\nfn ${own}() {}`,
      statements: `!${target} ${pick(["=", "+=", "|="])} 1u;`,
      names: target.includes("list") ? "list" : "values",
    };
  },
  "writes a parameter": ({ pick }) => {
    const name = pick(["b", "h", "q", "k"]);
    return { statements: `!${pick([name, `(${name})`])} ${pick(["= 1u", "+= 2u", "++"])};`, names: name };
  },
  "writes a constant": ({ own, pick }) => ({
    declarations: `const ${own} = 1u;`,
    statements: `!${pick([own, `(${own})`])} = 2u;`,
    names: own,
  }),
  "writes a let": ({ own }) => ({ statements: `let ${own} = q;\n!${own} += 1u;`, names: own }),
  "writes the result of a call": ({ own }) => ({
    declarations: `struct S { n: u32 }\nfn ${own}() -> S { return S(1); }`,
    statements: `!${own}().n = 1u;`,
    names: ". stands where ; is expected",
  }),
  "takes an address": (seeds) => ({
    statements: `var ${seeds.own} = q;\n!let p = &${seeds.pick([seeds.own, `(${seeds.own})`, `((${seeds.own}))`])};`,
    names: "pointers are not allowed",
  }),
  "takes an address in a call": ({ own }) => ({
    declarations: `fn ${own}(a: u32) {}`,
    statements: `var i = 0u;\n!${own}(&((i)));`,
    names: "pointers are not allowed",
  }),
  "writes through a pointer": ({ own }) => ({
    statements: `var ${own} = q;\n!*${own} = 0u;`,
    names: "pointers are not allowed",
  }),
  "declares a pointer": ({ own, pick }) => ({
    declarations: `!fn ${own}(p: ptr<${pick(["function", "private", "storage", "workgroup"])}, u32>) {}`,
    names: "ptr: pointers are not allowed",
  }),
  ...endless,
  "keeps memory": ({ own, pick }) => {
    const space = pick(["workgroup", "private"]);
    return { declarations: `!var<${space}> ${own}: array<u32, 4>;`, names: `var<${space}> is not allowed` };
  },
  "declares memory to write": ({ own }) => ({
    declarations: `!@group(2) @binding(0) var<storage, read_write> ${own}: array<u32>;`,
    names: "storage with access read_write",
  }),
  "declares a handle": ({ own, pick }) => ({
    declarations: `!@group(2) @binding(0) var ${own}: ${pick(["texture_2d<f32>", "sampler", "texture_storage_2d<r32uint, write>"])};`,
    names: "expected var<storage, read>",
  }),
  "declares another group": ({ own, pick }) => {
    const group = pick(["0", "1", "3", "1 + 0"]);
    return {
      declarations: `!@group(${group}) @binding(9) var<storage, read> ${own}: array<u32>;`,
      names: `group ${group.replaceAll(" ", "")}, expected 2`,
    };
  },
  "meets other threads": ({ pick }) => {
    const name = pick([
      "workgroupBarrier",
      "storageBarrier",
      "subgroupAdd",
      "subgroupBroadcastFirst",
      "quadSwapX",
      "dpdx",
    ]);
    return {
      statements: `!${/Barrier/.test(name) ? "" : "_ = "}${name}(${/Barrier/.test(name) ? "" : "q"});`,
      names: name,
    };
  },
  "uses atomics": ({ pick }) => {
    const name = pick(["atomicAdd", "atomicStore", "atomicLoad", "atomicExchange"]);
    return { statements: `!${name}(q, 1u);`, names: name };
  },
  "uses textures": ({ pick }) => {
    const name = pick(["textureLoad", "textureStore", "textureDimensions"]);
    return { statements: `!_ = ${name}(q, 1u);`, names: name };
  },
  "brings a directive": ({ pick }) => {
    const [keyword, rest] = pick([
      ["enable", "f16"],
      ["enable", "subgroups"],
      ["requires", "unrestricted_pointer_parameters"],
      ["diagnostic", "(off, derivative_uniformity)"],
    ] as const);
    return { declarations: `!${keyword} ${rest};`, names: `${keyword} is for kernels` };
  },
  "brings an attribute": ({ pick, own }) => {
    const [name, code] = pick([
      ["diagnostic", `@diagnostic(off, derivative_uniformity) fn ${own}() {}`],
      ["diagnostic", `fn ${own}() @diagnostic(off, a.b) {}`],
      ["diagnostic", `fn ${own}(x: u32) { @diagnostic(off, a.b) if (x > 1u) {} }`],
      ["diagnostic", `fn ${own}(x: u32) { switch (x) @diagnostic(off, a.b) { default: {} } }`],
      ["compute", `@compute @workgroup_size(1) fn ${own}() {}`],
      ["workgroup_size", `@workgroup_size(64) fn ${own}() {}`],
      ["fragment", `@fragment fn ${own}() {}`],
      ["builtin", `fn ${own}(@builtin(global_invocation_id) id: vec3u) {}`],
      ["id", `@id(3) const ${own} = 1;`],
    ] as const);
    return { declarations: `!${code}`, names: `@${name}` };
  },
  "brings an override": ({ own, pick }) => ({
    declarations: `!${pick(["", "@id(1) "])}override ${own}: u32 = 3;`,
    names: "override is not used",
  }),
  "declares itself": ({ own, pick }) => ({
    declarations: pick([
      `!struct Y { x: ${own} }\nstruct ${own} { y: Y }`,
      `!alias ${own} = Other;\nalias Other = ${own};`,
    ]),
    statements: `var a: ${own};`,
    names: "is declared by itself",
  }),
  "hides code in lines": ({ pick }) => ({
    statements: `!// harmless${pick(["\u2028", "\u2029", "\u0085", "\v", "\f", "\r"])}while (true) {}`,
    names: "ends a line in WGSL alone",
  }),
  "closes what it did not open": (seeds) => ({
    statements: `}\nfn more() {\n}\n!}\nfn rest() {`,
    names: `} closes nothing${seeds.pick([""])}`,
  }),
  "is no WGSL": (seeds) => {
    const [code, names] = seeds.pick([
      [`let a = ${number(seeds)} + ;`, "; stands where an expression"],
      [`let typeof = ${number(seeds)};`, "typeof is a reserved word of WGSL"],
      [`let __a = ${number(seeds)};`, "__a begins with two underscores"],
      ["let a = q & k | b;", "| needs parentheses"],
      ["let a = 1 # 2;", "# is not used"],
      [`let a = ${"(".repeat(150)}q${")".repeat(150)};`, "nested levels"],
      [`let a = q${"+q".repeat(600)};`, "deeper than 500 operators"],
      [`${"if (q > 1u) {".repeat(63)}${"}".repeat(63)}`, "nested levels"],
      ["asm(1);", "asm is a reserved word of WGSL"],
      ["discard;", "discard is for fragment shaders"],
      ["var<private> a: u32;", "var<private>"],
    ] as const);
    return { statements: `!${code}`, names };
  },
  "uses what is not there": ({ own, pick }) => ({
    statements: `!${pick([`let a = ${own}_;`, `let a = vec2u(${own}_, 1u);`, `let a: ${own}_ = q;`, `if (${own}_ > q) {}`])}`,
    names: `there is no ${own}_ here`,
  }),
};
