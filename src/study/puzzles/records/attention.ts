// Puzzles of attention by parts.
import { dense } from "../../../reference/dense.ts";
import { floats, type Inputs, positive } from "../../dispatch.ts";
import { asked } from "../gates.ts";
import { type Case, type Numbers, newPuzzle } from "../puzzle.ts";
import joinSolution from "../solutions/join-halves.wgsl";
import lyingSolution from "../solutions/lying-row.wgsl";
import join from "../starts/join-halves.wgsl";
import lying from "../starts/lying-row.wgsl";
import { lengths } from "./lengths.ts";

/** What stands for the largest score of no scores. */
const lowest = Math.fround(-3.4e38);

/** Changes elements of the halves: where `isEmpty`, the half has no scores. */
const emptied = (says: string, n: number, isEmpty: (half: number, i: number) => boolean): Case => {
  const changed = (numbers: Inputs[string] | undefined, value: number) =>
    numbers?.map((own, at) => (isEmpty(Math.floor(at / n), at % n) ? value : own));
  return {
    sizes: { n },
    says,
    change: ({ largest, sum, value }) =>
      ({ largest: changed(largest, lowest), sum: changed(sum, 0), value: changed(value, 0) }) as Inputs,
  };
};

/** y of one element, from the largest score, the sum and the value of both halves. */
function joined([a = 0, b = 0]: readonly number[], sums: readonly number[], values: readonly number[]): number {
  const scales = [Math.exp(a - Math.max(a, b)), Math.exp(b - Math.max(a, b))];
  const over = (numbers: readonly number[]) => scales.reduce((all, scale, i) => all + scale * (numbers[i] ?? 0), 0);
  const whole = over(sums);
  return whole === 0 ? 0 : over(values) / whole;
}

/** Attention of one query, of four elements each. */
function attended(q: readonly number[], keys: readonly number[], values: readonly number[], n: number): number[] {
  const scores = Array.from({ length: n }, (_, key) =>
    q.reduce((all, own, i) => all + own * (keys[4 * key + i] ?? 0), 0),
  );
  const largest = scores.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((all, one) => all + one, 0);
  return [0, 1, 2, 3].map(
    (i) => weights.reduce((all, weight, key) => all + weight * (values[4 * key + i] ?? 0), 0) / sum,
  );
}

export const attentionPuzzles = [
  newPuzzle("join-halves", {
    title: "Join two halves",
    story:
      "Two workgroups have each seen half of the keys, and each has its sums relative to its own largest score. Adding " +
      "them up as they are is wrong; and a half may have had no keys at all.",
    guess: {
      question: "One half has its largest score at 3, the other at 5. What are the sums of the first multiplied by?",
      choices: ["exp(3 - 5)", "exp(5 - 3)", "3 / 5"],
      right: 0,
      why: "They hold exp(score - 3), and are to hold exp(score - 5).",
    },
    start: join,
    solution: joinSolution,
    sizes: { n: { meaning: "elements", usual: 50 } },
    dispatch: ({ n }, value) => ({
      uniforms: { params: { n } },
      inputs: { largest: floats(2 * n), sum: positive(2 * n), value: floats(2 * n) },
      outputs: { y: n },
      workgroups: [Math.ceil(n / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "the join of two softmaxes",
      results: ({ largest = [], sum = [], value = [] }: Numbers, { n }) => {
        const both = (numbers: readonly number[], i: number) => [numbers[i] ?? 0, numbers[n + i] ?? 0];
        const all = Array.from({ length: n }, (_, i) => joined(both(largest, i), both(sum, i), both(value, i)));
        return { y: dense([n], all) };
      },
    },
    hidden: [
      ...lengths(64),
      emptied("the first half empty", 20, (half) => half === 0),
      emptied("the second half empty", 20, (half) => half === 1),
      emptied("both halves empty in every third element", 20, (_, i) => i % 3 === 0),
    ],
    within: 1e-5,
    gates: [],
    fails: "result",
  }),
  newPuzzle("lying-row", {
    title: "The row that lies",
    story: "With one tile of keys all results are right; with more, some rows lie. Find the line that is missing.",
    guess: {
      question: "Which rows are right, however many tiles there are?",
      choices: ["those whose scores descend", "those whose scores ascend", "the first"],
      right: 0,
      why: "Their largest score is in the first tile: nothing has to be rescaled later.",
    },
    start: lying,
    solution: lyingSolution,
    sizes: { queries: { meaning: "queries", usual: 6 }, n: { meaning: "keys", usual: 8 } },
    dispatch: ({ queries, n }, value) => ({
      uniforms: { params: { queries, n } },
      inputs: { q: floats(4 * queries), keys: floats(4 * n), values: floats(4 * n) },
      outputs: { y: 4 * queries },
      workgroups: [Math.ceil(queries / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "attention",
      results: ({ q = [], keys = [], values = [] }: Numbers, { queries, n }) => {
        const rows = Array.from({ length: queries }, (_, i) => attended(q.slice(4 * i, 4 * i + 4), keys, values, n));
        return { y: dense([queries, 4], rows.flat()) };
      },
    },
    hidden: [
      ...[
        [1, 1],
        [3, 7],
        [31, 8],
        [32, 9],
        [33, 17],
        [65, 11],
        [2, 258],
      ].map(([queries = 1, n = 1]) => ({ sizes: { queries, n }, isLong: n > 200 })),
      {
        sizes: { queries: 5, n: 22 },
        says: "scores that ascend",
        change: ({ q, keys, values }) =>
          ({ q: q?.map(Math.abs), keys: keys?.map((_, i) => Math.floor(i / 4) / 4), values }) as Inputs,
      },
    ],
    within: 1e-4,
    gates: [
      {
        what: "bytes of keys for each key and workgroup",
        measure: (counts, sizes) => asked(["keys"], ({ n = 1 }) => n * counts.workgroups)(counts, sizes),
        sizes: { queries: 32, n: 24 },
        start: 16,
        solution: 16,
        most: 16,
      },
    ],
    fails: "result",
  }),
];
