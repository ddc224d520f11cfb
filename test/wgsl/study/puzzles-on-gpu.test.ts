// What puzzles are solved by is right on GPUs, too, of which each has its subgroups.
import { describe, expect, test } from "vitest";
import { runOnGpu } from "../../../src/study/on-gpu.ts";
import { grade } from "../../../src/study/puzzles/grader/grade.ts";
import { puzzles } from "../../../src/study/puzzles/puzzles.ts";
import { devices, lackOf } from "../run/gpu-devices.ts";

describe.each([...(await devices())])("on %s", (_, gpu) => {
  test.each(puzzles)("$number: $title", async (puzzle) => {
    if (puzzle.solution.includes("enable subgroups") && lackOf(gpu, ["subgroups"]) !== undefined) return;
    const few = puzzle.hidden.filter(({ isLong }) => !isLong).slice(-3); // others differ in sizes alone
    const verdict = await grade(Object.assign({}, puzzle, { hidden: few, gates: [] }), puzzle.solution, (...run) =>
      runOnGpu(gpu.device, ...run),
    );
    expect(verdict.fault, verdict.words).toBe(undefined);
    expect(verdict.words).toContain("on the GPU");
  });
});
