// Puzzles: every start fails as it should, every solution passes, and texts that cheat do not.
import { describe, expect, test } from "vitest";
import { fixedLines } from "../../../src/study/puzzles/fixed-lines.ts";
import { grade, type RunOnGpu } from "../../../src/study/puzzles/grader/grade.ts";
import type { Puzzle } from "../../../src/study/puzzles/puzzle.ts";
import { puzzles } from "../../../src/study/puzzles/puzzles.ts";

const startOf = ({ kernel }: Puzzle): string => kernel.source.code;
const nameOf = ({ kernel }: Puzzle): string => kernel.source.name;
const fourDigits = (value: number) => Number(value.toPrecision(4));

test("there are twenty, numbered, each with a name and texts of its own", () => {
  expect(puzzles.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(new Set(puzzles.map(nameOf)).size).toBe(20);
  expect(new Set(puzzles.flatMap((puzzle) => [startOf(puzzle), puzzle.solution])).size).toBe(40);
});

describe.each(puzzles)("$number: $title", (puzzle) => {
  test("says what it is about, asks one question, and fixes the top of its text", () => {
    expect(puzzle.story.split(/[.;:!?] /).length).toBeGreaterThan(1);
    expect(puzzle.guess.choices.length).toBe(3);
    expect(puzzle.guess.choices[puzzle.guess.right]).toBeDefined();
    const lines = fixedLines(startOf(puzzle));
    expect(puzzle.solution.split("\n").slice(0, lines)).toEqual(startOf(puzzle).split("\n").slice(0, lines));
  });

  test("the start fails as it should", async () => {
    const verdict = await grade(puzzle, startOf(puzzle));
    expect(verdict.fault, verdict.words).toBe(puzzle.fails);
    if (verdict.fault === "gate") {
      expect(verdict.gates.map(({ counted }) => fourDigits(counted))).toEqual(puzzle.gates.map(({ start }) => start));
    }
  });

  test("the solution passes by half of what is allowed, with the counts that gates state", async () => {
    const verdict = await grade(Object.assign({}, puzzle, { within: puzzle.within / 2 }), puzzle.solution);
    expect(verdict.words).toContain("Right on");
    expect(verdict.fault).toBe(undefined);
    expect(verdict.gates.map(({ counted }) => fourDigits(counted))).toEqual(
      puzzle.gates.map(({ solution }) => solution),
    );
  });
});

const named = (name: string): Puzzle => puzzles.find((puzzle) => nameOf(puzzle) === `puzzles/${name}`) as Puzzle;

/** The solution of a puzzle with a piece of its text replaced. */
function solutionWith(name: string, from: string, to: string): string {
  const { solution } = named(name);
  expect(solution.split(from).length, from).toBe(2);
  return solution.replace(from, () => to);
}

describe("what cheats or is half done does not pass", () => {
  const right = "y[i] = 2.0 * x[i] + 1.0;";
  test.each([
    [
      "the size that is seen is a special case",
      "map",
      right,
      `y[i] = select(x[i], 2.0 * x[i] + 1.0, params.n == 100);`,
      "result",
    ],
    ["the last element is left out", "map", "i < params.n", "i + 1 < params.n", "result"],
    ["half of the work is skipped, to pass the gate", "neighbours", "j < PIECE", "j < PIECE / 2", "result"],
    ["it counts on the length of a buffer", "guard", "i < params.n", "i < arrayLength(&y)", "tail"],
    ["it reads beyond the end", "map", "* x[i] +", "* x[i + 4000] +", "out of bounds"],
    ["it writes to an input", "map", right, `${right} x[i] = 0.0;`, "text"],
    [
      "it has a buffer of its own",
      "map",
      "@compute",
      "@group(0) @binding(7) var<storage, read_write> own: array<f32>;\n@compute",
      "text",
    ],
    ["it changes a constant", "neighbours", "PIECE: u32 = 16", "PIECE: u32 = 1", "fixed lines"],
    ["it is no WGSL", "map", right, "y[i] = ;", "text"],
    ["it does not end", "map", right, `loop { if (x[i] > 9.0) { break; } } ${right}`, "endless"],
    [
      "threads leave before a barrier",
      "missing-barrier",
      "  workgroupBarrier();",
      "  if (i >= params.n) { return; }\n  workgroupBarrier();",
      "divergence",
    ],
    ["the wrong barrier", "missing-barrier", "workgroupBarrier();", "storageBarrier();", "race"],
    [
      "it reads x again in place of a barrier",
      "missing-barrier",
      "left = tile[thread - 1];",
      "left = x[i - 1];",
      "gate",
    ],
    ["the tile is left out", "banks", "tile[thread.x][j]", "x[y_column * params.cols + y_row]", "gate"],
    ["more memory than is allowed", "banks", "TILE + 1>", "TILE + 3>", "gate"],
    [
      "it takes neighbours for a subgroup",
      "subgroup-sum",
      "subgroupAny(thread == own * (WORKGROUP / ROWS))",
      "own % (WORKGROUP / size) == thread / size",
      "result",
    ],
    ["an empty half is not looked for", "join-halves", "if (whole > 0.0) { result", "{ result", "result"],
    ["rounding hides that it is wrong", "map", right, "y[i] = 2.0 * x[i] + 1.0 + ((x[i] + 1e9) - 1e9);", "float64"],
  ] as const)("%s", async (_, name, from, to, fault) => {
    const verdict = await grade(named(name), solutionWith(name, from, to));
    expect(verdict.fault, verdict.words).toBe(fault);
  });
});

describe("words", () => {
  const wordsOf = async (name: string, code = startOf(named(name))) => (await grade(named(name), code)).words;
  test("say where, what, and who", async () => {
    expect(await wordsOf("map")).toMatch(
      /^With n = 100: y, word 0 is -?[\d.]+, expected -?[\d.]+; thread 0 of workgroup \[0, 0, 0\] wrote it on line 14\.$/,
    );
    expect(await wordsOf("guard")).toBe(
      "With n = 1000: y, word 1000 is none of the result, which has 1000, but was changed; thread 40 of workgroup " +
        "[15, 0, 0] wrote it on line 14.",
    );
    expect(await wordsOf("missing-barrier")).toMatch(
      /^With n = 100: threads 0 and 1 meet at byte 0 of tile, one writes and one reads, and nothing orders lines/,
    );
    expect(await wordsOf("neighbours")).toBe(
      "Sectors of 32 bytes that requests to x touch, over the fewest possible: 8 (at the start 8, of the solution 1, at " +
        "most 1.1).",
    );
    expect(await wordsOf("large-mean")).toContain("(without rounding it would be right)");
    expect(await wordsOf("map", solutionWith("map", "i < params.n", "i > 0 && i < params.n"))).toMatch(
      /nothing writes it, expected/,
    );
  });
});

describe("a GPU is asked too", () => {
  const { solution } = named("map");
  test("what it gets wrong does not pass", async () => {
    const leaving: RunOnGpu = async (_code, _entry, buffers) => buffers;
    const verdict = await grade(named("map"), solution, leaving);
    expect(verdict.fault).toBe("gpu");
    expect(verdict.words).toMatch(/^With n = 100: y, word 0 is NaN on the GPU, expected/);
  });

  test("what it gets right passes", async () => {
    const computing: RunOnGpu = async (_code, _entry, buffers) => {
      const after = new Map([...buffers].map(([variable, buffer]) => [variable, buffer.slice(0)]));
      const of = (name: string) => [...after].find(([variable]) => variable.name === name)?.[1] as ArrayBuffer;
      const [x, y, [n = 0]] = [new Float32Array(of("x")), new Float32Array(of("y")), new Uint32Array(of("params"))];
      for (let i = 0; i < n; i++) y[i] = 2 * (x[i] ?? 0) + 1;
      return after;
    };
    const verdict = await grade(named("map"), solution, computing);
    expect(verdict.words).toMatch(/^Right on 9 cases, in the interpreter, in float64 and on the GPU\./);
  });
});
