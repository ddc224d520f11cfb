import { describe, expect, test } from "vitest";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { uniformityOf } from "../../../../src/wgsl/run/check/uniformity.ts";
import { countVisits } from "../../../support/count-visits.ts";
import { notUniform } from "./differing.ts";
import { allVerdicts, textsOf } from "./texts.ts";

/** What is said of a text: messages, each with the text where it points. */
function hintsIn(code: string): string[] {
  const program = checkProgram(code);
  return [...program.entryPoints.values()].flatMap((entry) =>
    uniformityOf(program, entry).map(({ at, message }) => `${code.slice(at).split(";")[0]}: ${message}`),
  );
}

test("what Dawn refuses gets a hint, what it takes gets none", () => {
  const refused = textsOf(notUniform);
  expect(refused.length).toBeGreaterThan(70);
  expect(refused.filter(({ code }) => hintsIn(code).length === 0).map(({ text }) => text)).toEqual([]);
  const taken = allVerdicts.filter(({ dawn, checker }) => dawn && checker);
  expect(taken.filter(({ code }) => hintsIn(code).length > 0).map(({ text }) => text)).toEqual([]);
});

const inMain = (statements: string, functions = "") => `var<workgroup> cells: array<u32, 4>; ${functions}
  @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) lane: u32) { ${statements} }`;

describe("a hint says what differs, and stands where that matters", () => {
  test.each([
    [
      "if lane > 1 { workgroupBarrier(); }",
      "",
      "workgroupBarrier(): a browser may refuse workgroupBarrier: whether all threads of a workgroup get here together " +
        "depends on local_invocation_index",
    ],
    [
      "if cells[1] > 1 { wait(); }",
      "fn wait() { workgroupBarrier(); }",
      "wait(): a browser may refuse this call of wait, which comes to workgroupBarrier: whether all threads of a " +
        "workgroup get here together depends on what cells holds",
    ],
    [
      "wait(lane);",
      "fn wait(x: u32) { if x > 1 { workgroupBarrier(); } }",
      "wait(lane): a browser may refuse this call of wait: whether it can do workgroupBarrier depends on an argument, " +
        "and that on local_invocation_index",
    ],
    [
      "let x = workgroupUniformLoad(&cells[lane]);",
      "",
      "workgroupUniformLoad(&cells[lane]): a browser may refuse workgroupUniformLoad: all threads of a workgroup need " +
        "the same argument, which depends on local_invocation_index",
    ],
  ])("%s", (statements, functions, says) => {
    expect(hintsIn(inMain(statements, functions))).toEqual([says]);
  });
});

describe("the text says where subgroups may part", () => {
  const code = (before: string, around: string) => `enable subgroups; ${before}
    @compute @workgroup_size(4) fn main(@builtin(subgroup_invocation_id) id: u32) {
      ${around} { if id > 1 { let x = subgroupAdd(1u); } }
      if id > 2 { let x = subgroupMax(1u); }
    }`;

  test.each([
    ["", "", 2],
    ["diagnostic(off, subgroup_uniformity);", "", 0],
    ["", "@diagnostic(warning, subgroup_uniformity)", 1],
    ["diagnostic(off, subgroup_uniformity);", "@diagnostic(error, subgroup_uniformity)", 1],
    ["diagnostic(off, derivative_uniformity);", "", 2],
  ])("%s %s", (before, around, count) => {
    expect(hintsIn(code(before, around))).toHaveLength(count);
  });
});

test("what many variables are after a loop", () => {
  const names = Array.from({ length: 80 }, (_, i) => `x${i}`);
  const after = (second: string) =>
    inMain(`
    ${names.map((name) => `var ${name} = 1u;`).join(" ")}
    for (var i = 0; i < 9; i++) { ${names.map((name) => `${name} = 2;`).join(" ")} x0 = lane; if i > 3 { break; } x0 = 1; }
    if ${second} > 1 { workgroupBarrier(); }`);
  expect(hintsIn(after("x0"))).toHaveLength(1);
  expect(hintsIn(after("x1"))).toHaveLength(0);
});

describe("each node is looked at a few times", () => {
  const times = (count: number, of: (i: number) => string) => Array.from({ length: count }, (_, i) => of(i)).join("\n");
  const nested = (depth: number, open: (i: number) => string, inside: string) =>
    `${times(depth, open)}${inside}${"}".repeat(depth)}`;

  test.each([
    ["statements", inMain(`var x = 1u; ${times(2000, (i) => `x += ${i}u;`)}`)],
    [
      "branches that change many variables",
      inMain(`${times(400, (i) => `var x${i} = 1u;`)}
      ${times(400, (i) => `if x${i} > lane { x${i} = lane; } else { x${(i + 1) % 400} = 2; }`)}`),
    ],
    [
      "loops",
      inMain(
        `var x = lane; ${times(30, () => nested(15, () => "loop { if x > 3 { break; }", "x += 1; workgroupBarrier();"))}`,
      ),
    ],
    [
      "branches in branches",
      inMain(
        `var x = lane; ${times(10, () =>
          nested(
            55,
            (i) => `if x > ${i} {`,
            times(20, () => "x += 1;"),
          ),
        )}`,
      ),
    ],
    [
      "switches",
      inMain(
        `var x = lane; switch x { ${times(500, (i) => `case ${i}: { x += ${i}; if x > 3 { break; } }`)} default: { } }`,
      ),
    ],
    [
      "calls",
      inMain(
        "f0(lane);",
        times(1000, (i) => `fn f${i}(x: u32) { ${i < 999 ? `f${i + 1}(x + 1);` : "workgroupBarrier();"} }`),
      ),
    ],
    [
      "pointers",
      inMain(
        "var x = 1u; f0(&x);",
        times(500, (i) => `fn f${i}(p: ptr<function, u32>) { *p += 1; ${i < 499 ? `f${i + 1}(p);` : ""} }`),
      ),
    ],
  ])("%s", (_, code) => {
    const program = checkProgram(code);
    const [entry] = [...program.entryPoints.values()];
    const { copy, nodes, visits } = countVisits(entry as NonNullable<typeof entry>, "kind");
    uniformityOf(program, copy);
    expect(nodes).toBeGreaterThan(1000);
    expect(visits() / nodes).toBeLessThan(40); // 30 in loops that are 15 deep
  });
});
