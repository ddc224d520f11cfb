// Puzzles of products, softmax, norms and attention.
import { type Dense, dense } from "../../../reference/dense.ts";
import { matmul } from "../../../reference/matmul.ts";
import { layerNorm } from "../../../reference/norm.ts";
import { softmax } from "../../../reference/softmax.ts";
import { floats, positive, randomWords } from "../../dispatch.ts";
import type { Sizes } from "../../kernel.ts";
import { asked, ways } from "../gates.ts";
import { type Case, type Numbers, newPuzzle } from "../puzzle.ts";
import halfBytesSolution from "../solutions/half-bytes.wgsl";
import meanSolution from "../solutions/large-mean.wgsl";
import softmaxSolution from "../solutions/online-softmax.wgsl";
import registerSolution from "../solutions/register-tile.wgsl";
import tailSolution from "../solutions/tail-of-k.wgsl";
import halfBytes from "../starts/half-bytes.wgsl";
import mean from "../starts/large-mean.wgsl";
import online from "../starts/online-softmax.wgsl";
import register from "../starts/register-tile.wgsl";
import tail from "../starts/tail-of-k.wgsl";

type Product = Readonly<Record<"rows" | "k" | "n", number>>;
type Rows = Readonly<Record<"rows" | "cols", number>>;

/** A product whose workgroups have square tiles of the result. */
const product = (tile: number) => ({
  sizes: {
    rows: { meaning: "rows of x", usual: 10 },
    k: { meaning: "elements of a row", usual: 12 },
    n: { meaning: "rows of the weight", usual: 9 },
  },
  dispatch: ({ rows, k, n }: Product) => ({
    uniforms: { params: { rows, k, n } },
    inputs: { x: floats(rows * k), weight: floats(n * k) },
    outputs: { y: rows * n },
    workgroups: [Math.ceil(n / tile), Math.ceil(rows / tile), 1] as const,
  }),
  reference: {
    name: "matmul",
    results: ({ x, weight }: Numbers, { rows, k, n }: Product) => ({
      y: matmul({ x: dense([rows, k], x), weight: dense([n, k], weight) }).y,
    }),
  },
});

const products = (...all: readonly (readonly [rows: number, k: number, n: number])[]): readonly Case[] =>
  all.map(([rows, k, n]) => ({ sizes: { rows, k, n }, isLong: k > 200 }));

const wordsPerResult = (sizes: Sizes): number => 4 * (sizes["rows"] ?? 1) * (sizes["n"] ?? 1);

const rowSizes = {
  rows: { meaning: "rows of x", usual: 5 },
  cols: { meaning: "elements of a row", usual: 20 },
} as const;

const rowShapes: readonly Case[] = [
  [1, 1],
  [1, 37],
  [63, 5],
  [64, 3],
  [65, 4],
  [129, 2],
  [2, 1022],
].map(([rows = 1, cols = 1]) => ({ sizes: { rows, cols }, isLong: cols > 1000 }));

/** Bytes of x and y for each element. */
const bytesPerElement = asked(["x", "y"], ({ rows = 1, cols = 1 }) => rows * cols);

const ones = (count: number): Dense => dense([count], new Float64Array(count).fill(1));

/** Code i of a matrix of half bytes. */
const codeOf = (codes: readonly number[], i: number): number =>
  ((codes[Math.floor(i / 8)] as number) << (28 - 4 * (i % 8))) >> 28;

export const productPuzzles = [
  newPuzzle("tail-of-k", {
    title: "The tail of k",
    story:
      "The product is right as long as k is a multiple of the tile. Mask what the last tile has beyond k, of x and of the " +
      "weight.",
    guess: {
      question: "k is 17, tiles are 8 wide. What does a thread read as x[row, 19] without a mask?",
      choices: ["0", "x[row + 1, 2]", "an element of the weight"],
      right: 1,
      why: "Rows follow one another: row · 17 + 19 is element 2 of the next row.",
    },
    start: tail,
    solution: tailSolution,
    ...product(8),
    hidden: products([1, 1, 1], [7, 17, 9], [8, 8, 8], [9, 7, 7], [17, 16, 5], [3, 9, 17], [1, 1030, 2]),
    within: 2e-5,
    gates: [
      {
        what: "words of x and the weight for each result",
        measure: asked(["x", "weight"], wordsPerResult),
        sizes: { rows: 16, k: 16, n: 16 },
        start: 4,
        solution: 4,
        most: 4.4,
      },
    ],
    fails: "result",
  }),
  newPuzzle("register-tile", {
    title: "A tile in registers",
    story:
      "A thread computes 4 × 4 results, each for itself: it reads a row of x and of the weight for every one. Read four " +
      "and four numbers, and use each of them four times.",
    guess: {
      question: "How many words are read for each result and each step of k then?",
      choices: ["2", "1", "1/2"],
      right: 2,
      why: "8 numbers serve 16 results.",
    },
    start: register,
    solution: registerSolution,
    ...product(32),
    hidden: products([1, 1, 1], [31, 5, 33], [32, 4, 32], [33, 7, 31], [65, 3, 2], [2, 262, 5]),
    within: 2e-5,
    gates: [
      {
        what: "words of x and the weight for each result and step of k",
        measure: asked(["x", "weight"], (sizes) => wordsPerResult(sizes) * (sizes["k"] ?? 1)),
        sizes: { rows: 32, k: 8, n: 32 },
        start: 2,
        solution: 0.5,
        most: 0.55,
      },
      {
        what: "words of one bank that a request to workgroup memory needs at most",
        measure: ways,
        sizes: { rows: 32, k: 8, n: 32 },
        start: 0,
        solution: 0,
        most: 1,
      },
    ],
    fails: "gate",
  }),
  newPuzzle("online-softmax", {
    title: "Softmax in two reads",
    story:
      "The kernel reads each row three times: for its maximum, for its sum, for its results. Find the maximum and the sum " +
      "together.",
    guess: {
      question: "The sum so far is 3, relative to a maximum of 2. Now a 5 comes. What is the sum?",
      choices: ["3 + exp(5)", "3 + 1", "3 · exp(2 - 5) + 1"],
      right: 2,
      why: "What was relative to 2 is now relative to 5, and exp(5 - 5) is 1.",
    },
    start: online,
    solution: softmaxSolution,
    sizes: rowSizes,
    dispatch: ({ rows, cols }, value) => ({
      uniforms: { params: { rows, cols } },
      inputs: { x: floats(rows * cols) },
      outputs: { y: rows * cols },
      workgroups: [Math.ceil(rows / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "softmax",
      results: ({ x }: Numbers, { rows, cols }: Rows) => ({ y: softmax({ x: dense([rows, cols], x) }).y }),
    },
    hidden: [
      ...rowShapes,
      {
        sizes: { rows: 3, cols: 9 },
        says: "numbers of 10,000",
        change: (inputs) => Object.assign({}, inputs, { x: inputs["x"]?.map((one) => 10_000 * Math.sign(one) + one) }),
      },
      {
        sizes: { rows: 3, cols: 9 },
        says: "rows that ascend",
        change: (inputs) => Object.assign({}, inputs, { x: inputs["x"]?.map((one, i) => 20 * (i % 9) + one) }),
      },
    ],
    within: 1e-5,
    gates: [
      {
        what: "bytes of x and y for each element",
        measure: bytesPerElement,
        sizes: { rows: 32, cols: 64 },
        start: 16,
        solution: 12,
        most: 12,
      },
    ],
    fails: "gate",
  }),
  newPuzzle("large-mean", {
    title: "A norm that survives a large mean",
    story:
      "The variance is the mean of the squares less the square of the mean. Numbers around 10,000 have squares around " +
      "10⁸, and f32 has seven digits: mend it, without a third read.",
    guess: {
      question: "Numbers between 9,999 and 10,001: how many digits of their variance are left?",
      choices: ["all 7", "3", "none"],
      right: 2,
      why: "The squares are right to about 8, and the variance is 0.3.",
    },
    start: mean,
    solution: meanSolution,
    sizes: rowSizes,
    dispatch: ({ rows, cols }, value) => ({
      uniforms: { params: { rows, cols, eps: 1e-5 } },
      inputs: { x: { count: rows * cols, from: 9_999, to: 10_001 } },
      outputs: { y: rows * cols },
      workgroups: [Math.ceil(rows / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "layerNorm",
      results: ({ x }: Numbers, { rows, cols }: Rows) => ({
        y: layerNorm({ x: dense([rows, cols], x), weight: ones(cols) }, { eps: 1e-5 }).y,
      }),
    },
    hidden: rowShapes,
    within: 5e-3,
    gates: [
      {
        what: "bytes of x and y for each element",
        measure: bytesPerElement,
        sizes: { rows: 32, cols: 64 },
        start: 12,
        solution: 12.06,
        most: 12.5,
      },
    ],
    fails: "result",
  }),
  newPuzzle("half-bytes", {
    title: "Half bytes",
    story:
      "The weights are signed numbers of four bits, but the kernel takes them for unsigned ones. And it reads a scale for " +
      "every eight weights, though 64 share one.",
    guess: {
      question: "Which number is the code 1110?",
      choices: ["14", "-2", "-6"],
      right: 1,
      why: "The highest bit counts -8: -8 + 4 + 2.",
    },
    start: halfBytes,
    solution: halfBytesSolution,
    sizes: {
      n: { meaning: "rows of the weight", usual: 6 },
      k: { meaning: "elements of a row", usual: 72, multipleOf: 8 },
    },
    dispatch: ({ n, k }, value) => ({
      uniforms: { params: { n, k } },
      inputs: { x: floats(k), codes: randomWords((n * k) / 8), scales: positive(n * Math.ceil(k / value("GROUP"))) },
      outputs: { y: n },
      workgroups: [Math.ceil(n / value("WORKGROUP")), 1, 1],
    }),
    reference: {
      name: "matmul",
      results: ({ x, codes = [], scales = [] }, { n, k }) => {
        const weight = Array.from({ length: n * k }, (_, i) => {
          const group = Math.floor(i / k) * Math.ceil(k / 64) + Math.floor((i % k) / 64);
          return codeOf(codes, i) * (scales[group] as number);
        });
        return { y: dense([n], matmul({ x: dense([1, k], x), weight: dense([n, k], weight) }).y.values) };
      },
    },
    hidden: [
      [1, 8],
      [37, 56],
      [63, 64],
      [64, 72],
      [65, 8],
      [129, 16],
      [2, 1032],
    ].map(([n = 1, k = 8]) => ({ sizes: { n, k }, isLong: k > 1000 })),
    within: 1e-4,
    gates: [
      {
        what: "bytes of codes and scales for each weight",
        measure: asked(["codes", "scales"], ({ n = 1, k = 1 }) => n * k),
        sizes: { n: 32, k: 128 },
        start: 1,
        solution: 0.5625,
        most: 0.6,
      },
    ],
    fails: "result",
  }),
];
