// node scripts/measure/wgsl.mjs: how long the engine takes to read a user's mask of 500 to 5,000 nodes, by kind of node,
// then figures of the interpreter.
import { endlessLine, readingLine, runningLine, steppingLine } from "./interpreter.ts";
import { textLines } from "./texts.ts";

for (const line of textLines([500, 1000, 2000, 5000])) console.log(line);
console.log(await readingLine());
for (const size of [64, 128]) {
  console.log(await runningLine("matmul/naive", { sizes: { rows: size, k: size, n: size } }));
}
console.log(await runningLine("attention/flash", {}));
console.log(await steppingLine("attention/flash"));
console.log(endlessLine(50_000_000));
