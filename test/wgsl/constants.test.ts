import { expect, test } from "vitest";
import { evaluator } from "../../src/wgsl/constants.ts";
import { parse } from "../../src/wgsl/parse.ts";
import { resolve } from "../../src/wgsl/scopes.ts";

const code = `
const WIDE = TILE * 2u;  const TILE = 16;  const HALF = 0.5;  const ROUND = ROUND + 1;
alias Count = u32;  const COUNT: Count = 3;  const FAST = false;
fn max3(a: u32) -> u32 { return a; }`;

test.each<[expression: string, type: string | undefined, value?: number | boolean]>([
  ["0x1F", "int", 31],
  ["0xffu", "u32", 255],
  ["WIDE * (TILE + 1) - 3 % 2", "u32", 543],
  ["7 / 2 * 2", "int", 6],
  ["-7 / 2", "int", -3],
  ["-7 % 3", "int", -1],
  ["(1 << 4) | 1", "int", 17],
  ["(TILE & (TILE - 1)) ^ 5", "int", 5],
  ["32 >> 2", "int", 8],
  ["~0u", "u32", 4294967295],
  ["~5i", "i32", -6],
  ["max(TILE, min(40, WIDE))", "u32", 32],
  ["clamp(9, 1, 4)", "int", 4],
  ["u32(TILE)", "u32", 16],
  ["u32(-1i)", "u32", 4294967295],
  ["i32(2.9)", "i32", 2],
  ["Count(true)", "u32", 1],
  ["2 * HALF", "float", 1],
  ["1.0f + 16777216", "f32", 16777216],
  ["COUNT + 1", "u32", 4],
  ["select(1, 2u, COUNT > 2 && !FAST)", "u32", 2],
  ["FAST && UNKNOWN", "bool", false],
  ["1u + 1i", undefined],
  ["2147483647i + 1i", undefined],
  ["0u - 1u", undefined],
  ["1 / 0", undefined],
  ["1 << 40", undefined],
  ["u32(-1)", undefined],
  ["ROUND", undefined],
  ["UNKNOWN", undefined],
  ["max3(1)", undefined],
  ["sin(1)", undefined],
  ["vec2(1).x", undefined],
])("%s", (expression, type, value) => {
  const module = parse(`${code} const RESULT = ${expression};`);
  const scopes = resolve(module);
  const node = scopes.module.get("RESULT")?.node;
  const result = node?.kind === "variable" && node.value ? evaluator(scopes)(node.value) : undefined;
  expect(result).toEqual(type === undefined ? undefined : { type, value });
});
