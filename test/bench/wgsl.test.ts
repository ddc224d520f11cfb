// What scripts/measure/wgsl.mjs prints, on few and small texts.
import { expect, test } from "vitest";
import { endlessLine, readingLine, runningLine, steppingLine } from "../../scripts/measure/wgsl/interpreter.ts";
import { longTexts } from "../../scripts/measure/wgsl/long-texts.ts";
import { textLines } from "../../scripts/measure/wgsl/texts.ts";

test("a line for each kind of long text, with a time for each size", () => {
  const [head, ...lines] = textLines([20, 40]);
  expect(head).toMatch(/^milliseconds for nodes +20 +40$/);
  expect(lines.map((line) => line.slice(0, 24).trimEnd())).toEqual(Object.keys(longTexts));
  for (const line of lines) expect(line.slice(24)).toMatch(/^ +\d+\.\d +\d+\.\d$/);
});

test("figures of the interpreter", async () => {
  const time = String.raw`\d+\.\d ms`;
  expect(await readingLine(["softmax/online"])).toMatch(
    new RegExp(`^reading 1 kernels: median ${time}, longest ${time} \\(softmax/online\\)$`),
  );
  const sizes = { rows: 4, k: 8, n: 4 };
  expect(await runningLine("matmul/naive", { sizes })).toMatch(
    new RegExp(`^running matmul/naive, rows 4, k 8, n 4: ${time}, \\d+ million operations a second$`),
  );
  expect(await steppingLine("softmax/online")).toMatch(new RegExp(`^first state of softmax/online: ${time}$`));
  expect(endlessLine(10_000)).toMatch(/^endless loop of 64 threads: \d+\.\d s \(.*10,?000.*\)$/);
});
