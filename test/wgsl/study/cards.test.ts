// Spot the bug: each mistake shows as its card says, and without it nothing does.
import { expect, test } from "vitest";
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Choice, type Prepared, prepare } from "../../../src/study/kernel.ts";
import { studyKernel } from "../../../src/study/kernels.ts";
import { cards } from "../../../src/study/puzzles/cards.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import { execute } from "../../../src/wgsl/run/execute/execute.ts";
import { newDetector } from "../../../src/wgsl/run/race/detector.ts";
import { errorOf, resultsOf } from "./claims.ts";

/** What shows of a dispatch. */
function shown(prepared: Prepared) {
  const entry = entryOf(checkProgram(prepared.shader.code), undefined);
  const buffers = buffersOf(entry, prepared.dispatch);
  const detector = newDetector();
  const { outOfBounds, divergence } = execute(entry, {
    workgroups: prepared.dispatch.workgroups,
    buffers,
    observers: [detector.observer],
    onDivergence: "report",
  });
  const bits = [...buffers].map(([{ name }, buffer]) => [name, [...new Uint32Array(buffer)]]);
  const errors = resultsOf(prepared, buffers).map(errorOf);
  return {
    faults: { race: detector.races().length, "out of bounds": outOfBounds.length, divergence: divergence.length },
    error: errors.length === 0 ? undefined : Math.max(...errors),
    bits,
  };
}

test("there are fifteen, ordered by how loud they are", () => {
  const loudness = ["everywhere", "at an edge", "for some numbers", "in some order"];
  const order = cards.map(({ shows }) => loudness.indexOf(shows));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(cards.length).toBeGreaterThanOrEqual(15);
});

test.each(cards)("$kernel: $to", async ({ kernel: name, from, to, others, breaks, sizes }) => {
  const kernel = await studyKernel(name);
  const { code } = kernel.source;
  const changed = code.replace(from, () => to);
  expect(code.split(from).length).toBe(2);
  // The reader chooses among lines of the changed text: each is found, and in a line of its own.
  const last = to.split("\n").at(-1)?.trim() ?? "";
  const lines = [last, ...others].map((piece) => changed.split("\n").findIndex((line) => line.includes(piece)));
  expect(Math.min(...lines), others[lines.indexOf(-1) - 1]).toBeGreaterThan(-1);
  expect(new Set(lines).size).toBe(4);
  expect(code.split("\n").filter((line, i) => line !== changed.split("\n")[i]).length).toBe(1);

  const choice: Choice = { sizes: sizes ?? {} }; // as the page shows it
  const whole = shown(prepare(kernel, choice));
  expect(whole.faults).toEqual({ race: 0, "out of bounds": 0, divergence: 0 });
  expect(whole.error ?? 0).toBeLessThan(64 * 2 ** -24);
  const planted = shown(prepare(kernel, { ...choice, edits: { [name]: changed } }));
  if (breaks !== "result") expect(planted.faults[breaks]).toBeGreaterThan(0);
  else if (planted.error === undefined) expect(planted.bits).not.toEqual(whole.bits);
  else expect(planted.error).toBeGreaterThan(64 * 2 ** -24);
});
