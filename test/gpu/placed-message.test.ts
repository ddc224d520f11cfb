import { expect, test } from "vitest";
import { placedMessage } from "../../src/gpu/shader/pipelines.ts";

const message = (text: string, lineNum: number, linePos: number) =>
  ({ type: "error", message: text, lineNum, linePos, offset: 0, length: 0 }) as unknown as GPUCompilationMessage;

test("a message of one line is as it was given", () => {
  const given = message("unresolved value 'missing'", 5, 8);
  expect(placedMessage(given, "")).toEqual({ message: "unresolved value 'missing'", row: 4, column: 7 });
});

// As Deno 2.9 and Firefox 153 print them.
test("what naga finds while it parses has its place", () => {
  const drawn = `
Shader 'lab' parsing error: expected \`;\`, found "=="
  ┌─ wgsl:1:22
  │
1 │ const_assert (1 & 1) == 1;
  │                      ^^ expected \`;\`

`;
  expect(placedMessage(message(drawn, 1, 22), "const_assert (1 & 1) == 1;")).toEqual({
    message: 'expected `;`, found "=="',
    row: 0,
    column: 21,
  });
});

test("what naga finds after that is placed by its drawing", () => {
  const code = "fn f(a: u32) -> f32 {\n\tlet y = f32(a) + a;\n  return y;\n}";
  const drawn = `
Shader validation error: Function [0] 'f' is invalid
  ┌─ lab:1:1
  │  
1 │ ╭ fn f(a: u32) -> f32 {
2 │ │     let y = f32(a) + a;
  │ │             ^^^^^^^^^^ naga::ir::Expression [2]
3 │ │   return y;
4 │ │ }
  │ ╰─^ naga::ir::Function [0]
  │  
  = Expression [2] is invalid
  = Operation Add can't work with [1] and [0]

`;
  expect(placedMessage(message(drawn, 1, 1), code)).toEqual({
    message: "Function [0] 'f' is invalid: Expression [2] is invalid: Operation Add can't work with [1] and [0]",
    row: 1,
    column: 9,
  });
});

test("a function that is wrong as a whole is placed as naga says", () => {
  const code = "@compute @workgroup_size(1) fn main() {\n}";
  const drawn = `
Shader validation error: Entry point main at Compute is invalid
  ┌─ lab:1:29
  │  
1 │   @compute @workgroup_size(1) fn main() {
  │ ╭─────────────────────────────^
2 │ │ }
  │ ╰─^ naga::ir::Function [0]

`;
  expect(placedMessage(message(drawn, 1, 29), code)).toMatchObject({ row: 0, column: 28 });
});
