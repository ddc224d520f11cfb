// How the attention laboratory puts gradients next to their forward pass, and what it knows of a run of them.
import { expect, test } from "vitest";
import { attentionCase } from "../../bench/attention/case.ts";
import type { BenchRow } from "../../bench/result.ts";
import { forwardRatios, gradientLines } from "../../site/attention/results/gradients.ts";
import { roomOf } from "../../site/attention/run/room.ts";
import { keysOf, problemsOf, setupOf, standard, subjectNames } from "../../site/attention/setup/setup.ts";

const row = (variant: string, batch: string, medianMs: number | null): BenchRow =>
  ({
    id: `${variant}/${batch}`,
    op: "attention-backward",
    variant,
    batch,
    mask: "causal",
    score: "none",
    layout: "contiguous",
    heads: "2x16",
    dtype: "f32",
    model: null,
    verdict: medianMs === null ? "fail" : "pass",
    medianMs,
  }) as BenchRow;

test("gradients are put next to the forward pass of their own case", () => {
  const rows = [
    ...[row("inference", "q8", 1), row("forward", "q8", 2), row("flash", "q8", 6), row("forward+flash", "q8", 7)],
    ...[row("forward", "q9", 4), row("flash", "q9", 10), row("rows", "q9", null)],
  ];
  const found = gradientLines(rows);
  expect(found.map(({ backward, ratio }) => [backward.id, ratio])).toEqual([
    ["flash/q8", 3],
    ["flash/q9", 2.5],
    ["rows/q9", null],
  ]);
  expect(found.map(({ both }) => both?.medianMs)).toEqual([7, undefined, undefined]);
  expect(Object.fromEntries(forwardRatios(rows))).toEqual({
    "inference/q8": 0.5,
    "forward/q8": 1,
    "flash/q8": 3,
    "forward+flash/q8": 3.5,
    "forward/q9": 1,
    "flash/q9": 2.5,
  });
  expect(gradientLines([{ ...row("flash", "q8", 3), op: "attention" }])).toEqual([]);
});

test("a link keeps pass and gradients; what is measured follows the pass", () => {
  const setup = { ...standard, pass: "both", gradients: ["flash"] };
  const { setup: read, unknown } = setupOf(new Map(keysOf(setup)));
  expect([read, unknown]).toEqual([setup, []]);
  expect(subjectNames(setup)).toEqual(["inference", "forward", "flash", "forward+flash"]);
  expect(subjectNames({ ...setup, pass: "backward" })).toEqual(["forward", "flash"]);
  expect(subjectNames(standard)).toEqual(standard.variants);
});

test("each pass checks its own variants", () => {
  const problems = (change: Partial<typeof standard>) => [...problemsOf({ ...standard, ...change }).entries()];
  expect(problems({ pass: "backward", variants: ["quick"] })).toEqual([]);
  expect(problems({ pass: "backward", gradients: [] })).toEqual([["gradients", "choose a variant"]]);
  expect(problems({ pass: "backward", gradients: ["quick"] })[0]?.[1]).toMatch(/^there is no variant "quick" of/);
  expect(problems({ pass: "up" })[0]).toEqual(["pass", 'there is no pass "up"; there are forward, backward, both']);
});

test("gradients need room for those of each input, and for what they are computed from", () => {
  const given = attentionCase({ batch: "q8", heads: "2x4" });
  const [queries, lse] = [4 * 2 * 8 * 4, 4 * 2 * 8];
  expect(roomOf(given, true).all).toBe(8 * queries + lse); // q, out, k, v and the gradient of each
});
