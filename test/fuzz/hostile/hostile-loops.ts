// Faults of a user's WGSL that would run for long, or take much memory.
import type { Fault, Seeds } from "./hostile-seeds.ts";

/** The faults, by kind. */
export const endless: Readonly<Record<string, (seeds: Seeds) => Fault>> = {
  "hides a bound": ({ own, pick }) => ({
    declarations: `const ${own} = 4u;`,
    statements: `${pick(["let", "var"])} ${own} = k * 1000u;\n!for (var i = 0u; i < ${own}; i++) {}`,
    names: "the loop has no constant bound",
  }),
  "hides a bound by a parameter": ({ own }) => ({
    declarations: `const ${own} = 4u;\nfn far(${own}: u32) {\n!  for (var i = 0u; i < ${own}; i++) {}\n}`,
    statements: "far(k);",
    names: "the loop has no constant bound",
  }),
  "hides a start": ({ own }) => ({
    declarations: `const ${own} = 0u;`,
    statements: `{ let ${own} = q;\n!for (var i = ${own}; i < 4u; i++) {} }`,
    names: "the loop does not begin at a constant",
  }),
  "hides a step": ({ own }) => ({
    declarations: `const ${own} = 1u;`,
    statements: `let ${own} = k;\n!for (var i = 0u; i < 4u; i += ${own}) {}`,
    names: "the loop has no constant step",
  }),
  "hides a function in a bound": ({ pick }) => {
    const name = pick(["min", "max", "clamp", "select", "abs"]);
    return {
      declarations: `fn ${name}(a: u32, c: u32) -> u32 { return a * c; }`,
      statements: `!for (var i = 0u; i < ${name}(3u, 4u); i++) {}`,
      names: "the loop has no constant bound",
    };
  },
  "hides the counter": ({ own }) => ({
    declarations: `fn ${own}() {}`,
    statements: `var j = 0u;\n!for (var i = 0u; j < 4u; i++) { j = 0u; }`,
    names: "the loop has no constant bound",
  }),
  "changes a counter": ({ pick, own }) => ({
    statements: `for (var ${own} = 0u; ${own} < 9u; ${own}++) {\n!  ${pick([
      `${own} = 0u`,
      `(${own}) = 0u`,
      `((${own})) -= 1u`,
      `${own}--`,
      `if (q > 1u) { { ${own} -= 1u; } }`,
      `for (var j = 0; j < 2; j++) { ${own} = 0u; }`,
      `switch (q) { case 1u, default: { ${own} = 0u; } }`,
    ])}${pick(["", " "])};\n}`,
    names: `${own} is a loop's counter`,
  }),
  "counts in floats": (seeds) => ({
    statements: `!for (var i${seeds.pick([": f32 = 16777216", " = 16777216.0f", " = 1.0", ": f32 = 1f"])}; i < 16777226; i += 1) {}`,
    names: "i counts in",
  }),
  "goes the wrong way": ({ pick }) => ({
    statements: `!for (${pick([
      "var i = 0; i < 9; i--",
      "var i = 9u; i >= 0u; i--",
      "var i = 9; i > 0; i++",
      "var i = 0u; i <= 4294967295u; i += 65536u",
      "var i = 2147483640; i < 2147483647; i += 5",
      "var i = 3u; i > 0u; i -= 2u",
    ])}) {}`,
    names: "the loop does not end",
  }),
  "has no bound": ({ pick }) => ({
    statements: `!for (var i = 0u; ${pick(["", "true", "i != 4u", "4u > i", "i < q", "i < 4u && true"])}; i++) { break; }`,
    names: "the loop has no constant bound",
  }),
  "is a loop of another kind": ({ pick }) => ({
    statements: `!${pick(["while (true) {}", "loop { break; }", "loop { continuing { break if true; } }", "while q > 1u { break; }"])}`,
    names: "has no constant bound; count with for",
  }),
  "goes round too often": ({ random }) => {
    const turns = 70_000 + random.integer(1_000_000);
    return { statements: `!for (var i = 0u; i < ${turns}u; i++) {}`, names: `${turns} iterations` };
  },
  "goes round in loops": ({ random }) => {
    const [a, b] = [300 + random.integer(300), 300 + random.integer(300)];
    return {
      statements: `!for (var i = 0; i < ${a}; i++) { for (var j = 0u; j < ${b}u; j += 1u) {} }`,
      names: `${a} iterations`,
    };
  },
  "calls calls": ({ random, own }) => {
    const depth = 17 + random.integer(20);
    const level = (i: number) => `fn ${own}${i}() { ${own}${i - 1}(); ${own}${i - 1}(); }`;
    const levels = Array.from({ length: depth }, (_, i) => (i === 15 ? "!" : "") + level(i + 1));
    return { declarations: [`fn ${own}0() {}`, ...levels].join("\n"), names: "operations" };
  },
  "puts calls into calls": ({ random, own }) => {
    const depth = 9 + random.integer(4);
    const level = (i: number) => `fn ${own}${i}(x: u32) -> u32 { return ${own}${i - 1}(${own}${i - 1}(x) + 1u); }`;
    const levels = Array.from({ length: depth }, (_, i) => (i === 7 ? "!" : "") + level(i + 1));
    return {
      declarations: [`fn ${own}0(x: u32) -> u32 { return x; }`, ...levels].join("\n"),
      names: `${own}8 comes to`,
    };
  },
  "adds calls up": ({ random, own }) => {
    const turns = 20_000 + random.integer(10_000);
    return {
      declarations: `fn ${own}() { for (var i = 0; i < ${turns}; i++) {} }`,
      statements: `${own}();\n!${own}();\n${own}();`,
      names: "operations",
    };
  },
  "copies much": ({ own }) => ({
    declarations: `struct Big { a: array<u32, 400> }\nfn ${own}(x: Big) -> Big { return x; }`,
    statements: `var s: Big;\n!for (var i = 0; i < 300; i++) { s = ${own}(s); }`,
    names: "the loop has 300 iterations",
  }),
  "takes much memory": (seeds) => ({
    statements: `!var ${seeds.own}: array<vec4f, ${600 + seeds.random.integer(100000)}>;`,
    names: seeds.own,
  }),
  "takes much memory in all": ({ own }) => ({
    declarations: `fn one() { var a: array<u32, 1500>; }\nfn two() {\n!  var ${own}: array<array<u32, 40>, 20>;\n}`,
    names: own,
  }),
  "makes arrays": ({ own, random }) => ({
    declarations: `fn ${own}(i: u32) -> u32 {\n!  return array<u32, ${2100 + random.integer(60_000)}>()[i];\n}`,
    names: "bytes of variables",
  }),
  "makes a member large": ({ own, pick }) => ({
    declarations: `!struct ${own} { @${pick(["size(1073741824)", "align(65536)"])} n: u32 }`,
    statements: `var a: ${own};`,
    names: "is not used here",
  }),
  recurses: ({ own, pick }) => ({
    declarations: `!fn ${own}(n: u32) -> u32 { return ${pick([`${own}(n)`, `max(1u, ${own}(n - 1u))`, `select(n, ${own}(n), n > 1u)`])}; }`,
    names: `${own} calls ${own}`,
  }),
  "recurses in a circle": ({ own }) => ({
    declarations: `!fn ${own}() { other(); }\nfn other() { third(); }\nfn third() { ${own}(); }`,
    names: `${own} calls other calls third calls ${own}`,
  }),
};
