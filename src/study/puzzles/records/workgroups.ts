// Puzzles of threads that work together: barriers, sums, counts, order.
import { dense } from "../../../reference/dense.ts";
import { type Dispatch, floats } from "../../dispatch.ts";
import { asked, atomics, barriers, parted, shared } from "../gates.ts";
import { type Case, type Numbers, newPuzzle } from "../puzzle.ts";
import histogramSolution from "../solutions/histogram.wgsl";
import missingSolution from "../solutions/missing-barrier.wgsl";
import spareSolution from "../solutions/spare-barrier.wgsl";
import orderSolution from "../solutions/stable-order.wgsl";
import subgroupSolution from "../solutions/subgroup-sum.wgsl";
import treeSolution from "../solutions/tree-sum.wgsl";
import histogram from "../starts/histogram.wgsl";
import missing from "../starts/missing-barrier.wgsl";
import spare from "../starts/spare-barrier.wgsl";
import stable from "../starts/stable-order.wgsl";
import subgroup from "../starts/subgroup-sum.wgsl";
import tree from "../starts/tree-sum.wgsl";
import { lengths } from "./lengths.ts";

type OfN = { readonly n: number };

const dispatch = (inputs: Dispatch["inputs"], outputs: Dispatch["outputs"], n: number, each: number): Dispatch => ({
  uniforms: { params: { n } },
  inputs,
  outputs,
  workgroups: [Math.ceil(n / each), 1, 1],
});

/** Numbers from 0 to 1. */
const shares = (count: number) => ({ count, from: 0, to: 1 });

const n = (usual: number, most = 65_536) => ({ n: { meaning: "elements", usual, most } });

const bytesPerElement = {
  what: "bytes of buffers for each element",
  measure: asked(["x", "y"], ({ n = 1 }) => n),
  sizes: { n: 1024 },
  start: 8,
  solution: 8,
  most: 8,
} as const;

/** Numbers of a kind with all equal, and with all but one. */
const alike = (name: string, n: number): readonly Case[] => [
  { sizes: { n }, says: "all equal", change: (inputs) => Object.assign({}, inputs, { [name]: filled(n, 0.4) }) },
  {
    sizes: { n },
    says: "all equal but one",
    change: (inputs) => Object.assign({}, inputs, { [name]: filled(n, 0.9).fill(0.1, n - 1) }),
  },
];

const filled = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);

/** The class of a number from 0 to 1, as f32 computes it. */
const classOf = (x: number, classes: number): number => Math.floor(Math.fround(x * classes));

export const workgroupPuzzles = [
  newPuzzle("missing-barrier", {
    title: "The missing barrier",
    story:
      "Threads put their elements down for their neighbours, and the results are right, here. Nothing says that a " +
      "neighbour has written before it is read; say it.",
    guess: {
      question: "Why are the results right on many devices?",
      choices: [
        "stores are always faster than loads",
        "threads of a subgroup go together, and the subgroup before is often ahead",
        "they are not",
      ],
      right: 1,
      why: "Only the first thread of a subgroup reads what another subgroup has written: a matter of luck.",
    },
    start: missing,
    solution: missingSolution,
    sizes: n(100),
    dispatch: (sizes, value) => dispatch({ x: floats(sizes.n) }, { y: sizes.n }, sizes.n, value("WORKGROUP")),
    reference: {
      name: "differences",
      results: ({ x = [] }: Numbers, sizes: OfN) => ({
        y: dense(
          [sizes.n],
          x.map((own, i) => (i % 64 === 0 ? own : own - (x[i - 1] as number))),
        ),
      }),
    },
    hidden: lengths(64),
    within: 1e-6,
    gates: [
      { what: "barriers of a workgroup", measure: barriers, sizes: { n: 1024 }, start: 0, solution: 1, most: 1 },
      bytesPerElement,
    ],
    fails: "race",
  }),
  newPuzzle("spare-barrier", {
    title: "One barrier too many",
    story:
      "Whoever wrote this was careful: three barriers a turn. Each barrier waits for the slowest thread; one of them " +
      "orders nothing.",
    guess: {
      question: "What does the second barrier of a turn order?",
      choices: [
        "the reads of the tile before the writes of the next turn",
        "the writes of the tile before its reads",
        "the writes of y",
      ],
      right: 0,
      why: "Without it, a thread that is ahead overwrites what others still have to read.",
    },
    start: spare,
    solution: spareSolution,
    sizes: n(500),
    dispatch: (sizes, value) =>
      dispatch({ x: floats(sizes.n) }, { y: sizes.n }, sizes.n, value("WORKGROUP") * value("TURNS")),
    reference: {
      name: "mirrored blocks",
      results: ({ x = [] }: Numbers, sizes: OfN) => ({
        y: dense(
          [sizes.n],
          x.map((_, i) => x[i - (i % 64) + 63 - (i % 64)] ?? 0),
        ),
      }),
    },
    hidden: lengths(256),
    within: 0,
    gates: [
      { what: "barriers of a workgroup", measure: barriers, sizes: { n: 1024 }, start: 12, solution: 8, most: 8 },
      bytesPerElement,
    ],
    fails: "gate",
  }),
  newPuzzle("tree-sum", {
    title: "A tree that keeps together",
    story:
      "In each step half of the threads add, every second one at first: in every subgroup some work and some wait. Let " +
      "whole subgroups work and whole subgroups rest.",
    guess: {
      question: "256 threads, subgroups of 32: in how many of the 8 steps can whole subgroups work?",
      choices: ["3", "5", "8"],
      right: 0,
      why: "128, 64 and 32 threads are whole subgroups. The last five steps are inside of one.",
    },
    start: tree,
    solution: treeSolution,
    sizes: n(600),
    dispatch: (sizes, value) => {
      const each = value("WORKGROUP");
      return dispatch({ x: floats(sizes.n) }, { y: Math.ceil(sizes.n / each) }, sizes.n, each);
    },
    reference: {
      name: "sums of blocks",
      results: ({ x = [] }: Numbers, sizes: OfN) => {
        const blocks = Math.ceil(sizes.n / 256);
        const sums = Array.from({ length: blocks }, (_, b) =>
          x.slice(256 * b, 256 * (b + 1)).reduce((all, one) => all + one, 0),
        );
        return { y: dense([blocks], sums) };
      },
    },
    hidden: lengths(256),
    within: 2e-5,
    gates: [
      {
        what: "branches that part a subgroup, for each workgroup",
        measure: parted,
        sizes: { n: 1024 },
        start: 48,
        solution: 6,
        most: 8,
      },
      { what: "barriers of a workgroup", measure: barriers, sizes: { n: 1024 }, start: 8, solution: 8, most: 9 },
    ],
    fails: "gate",
  }),
  newPuzzle("subgroup-sum", {
    title: "Subgroups of any size",
    story:
      "Five shuffles add up 32 lanes. Devices have subgroups from 4 to 128 lanes; the kernel should be right on all of " +
      "them, without workgroup memory.",
    guess: {
      question: "How many shuffles with a partner add up a subgroup of 8?",
      choices: ["3", "5", "8"],
      right: 0,
      why: "Each doubles how many lanes a sum covers: log₂ 8. subgroupAdd leaves the number to the device.",
    },
    start: subgroup,
    solution: subgroupSolution,
    sizes: { rows: { meaning: "rows of x", usual: 5 }, cols: { meaning: "elements of a row", usual: 40 } },
    dispatch: ({ rows, cols }, value) => ({
      uniforms: { params: { rows, cols } },
      inputs: { x: floats(rows * cols) },
      outputs: { y: rows },
      workgroups: [Math.ceil(rows / value("ROWS")), 1, 1],
    }),
    reference: {
      name: "sums of rows",
      results: ({ x = [] }: Numbers, { rows, cols }) => ({
        y: dense(
          [rows],
          Array.from({ length: rows }, (_, row) =>
            x.slice(row * cols, (row + 1) * cols).reduce((all, one) => all + one, 0),
          ),
        ),
      }),
    },
    hidden: [
      [1, 1],
      [15, 7],
      [16, 8],
      [17, 31],
      [3, 32],
      [33, 33],
      [2, 65],
      [1, 1022],
    ].map(([rows = 1, cols = 1]) => ({ sizes: { rows, cols }, isLong: cols > 1000 })),
    within: 2e-5,
    gates: [
      {
        what: "accesses of workgroup memory",
        measure: shared,
        sizes: { rows: 16, cols: 32 },
        start: 0,
        solution: 0,
        most: 0,
      },
    ],
    subgroups: [4, 8, 32, 64],
    fails: "result",
  }),
  newPuzzle("histogram", {
    title: "A histogram without a crowd",
    story:
      "Every element adds 1 to one of 16 numbers in a buffer, and where all add to the same one they queue. Let each " +
      "workgroup count for itself first.",
    guess: {
      question: "A workgroup has 1,024 elements and 16 bins. How many atomic functions on the buffer does it need?",
      choices: ["16", "64", "1,024"],
      right: 0,
      why: "One for each bin, with the count of the whole workgroup.",
    },
    start: histogram,
    solution: histogramSolution,
    sizes: n(1000),
    dispatch: (sizes, value) =>
      dispatch(
        { x: shares(sizes.n), counts: new Uint32Array(value("BINS")) },
        {},
        sizes.n,
        value("WORKGROUP") * value("PIECE"),
      ),
    reference: {
      name: "counts",
      results: ({ x = [] }: Numbers) => {
        const counts = new Float64Array(16);
        for (const one of x) counts[classOf(one, 16)] = (counts[classOf(one, 16)] ?? 0) + 1;
        return { counts: dense([16], counts) };
      },
    },
    hidden: [...lengths(1024), ...alike("x", 300)],
    within: 0,
    gates: [
      {
        what: "atomic functions on counts, for each workgroup",
        measure: atomics("counts"),
        sizes: { n: 1024 },
        start: 1024,
        solution: 16,
        most: 16,
      },
    ],
    fails: "gate",
  }),
  newPuzzle("stable-order", {
    title: "First come, first served",
    story:
      "Tokens are put in the order of their experts, and each takes the next free place of its expert with an atomic " +
      "function. Who comes first is chance; tokens of one expert should stay in their own order.",
    guess: {
      question: "Which order do threads have that call an atomic function?",
      choices: ["by their number", "by their subgroup", "any"],
      right: 2,
      why: "Each call is whole, and no order of the calls is promised.",
    },
    start: stable,
    solution: orderSolution,
    sizes: n(40, 1024),
    dispatch: (sizes, value) =>
      dispatch(
        { score: shares(sizes.n), given: new Uint32Array(value("EXPERTS")) },
        { order: sizes.n },
        sizes.n,
        value("WORKGROUP"),
      ),
    reference: {
      name: "stable order",
      results: ({ score = [] }: Numbers, sizes: OfN) => {
        const experts = score.map((one) => classOf(one, 8));
        const order = experts.map((_, i) => i).sort((a, b) => (experts[a] as number) - (experts[b] as number) || a - b);
        return { order: dense([sizes.n], order) };
      },
    },
    hidden: [...lengths(64, 601), ...alike("score", 70)],
    within: 0,
    gates: [],
    fails: "order",
  }),
];
