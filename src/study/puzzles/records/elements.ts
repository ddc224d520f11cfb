// The first puzzles: which thread has which element.
import { dense } from "../../../reference/dense.ts";
import { transpose } from "../../../reference/layout.ts";
import { type Dispatch, floats } from "../../dispatch.ts";
import { asked, excess, requests, ways } from "../gates.ts";
import { type Case, type Numbers, newPuzzle } from "../puzzle.ts";
import banksSolution from "../solutions/banks.wgsl";
import foldSolution from "../solutions/fold-grid.wgsl";
import guardSolution from "../solutions/guard.wgsl";
import mapSolution from "../solutions/map.wgsl";
import neighboursSolution from "../solutions/neighbours.wgsl";
import transposeSolution from "../solutions/transpose.wgsl";
import wideSolution from "../solutions/wide-loads.wgsl";
import banks from "../starts/banks.wgsl";
import fold from "../starts/fold-grid.wgsl";
import guard from "../starts/guard.wgsl";
import map from "../starts/map.wgsl";
import neighbours from "../starts/neighbours.wgsl";
import transposed from "../starts/transpose.wgsl";
import wide from "../starts/wide-loads.wgsl";
import { lengths } from "./lengths.ts";

/** n elements of x and y, so many of them for a workgroup. */
const elements = (n: number, each: number): Dispatch => ({
  uniforms: { params: { n } },
  inputs: { x: floats(n) },
  outputs: { y: n },
  workgroups: [Math.ceil(n / each), 1, 1],
});

const n = (usual: number) => ({ n: { meaning: "elements", usual } });

/** y[i] as a function of x[i]. */
const each = (name: string, of: (x: number) => number) => ({
  name,
  results: ({ x = [] }: Numbers, sizes: { readonly n: number }) => ({
    y: dense([sizes.n], x.map(of)),
  }),
});

const bytesPerElement = asked(["x", "y"], ({ n = 1 }) => n);

const matrix = {
  rows: { meaning: "rows of x", usual: 20 },
  cols: { meaning: "elements of a row", usual: 24 },
} as const;

const transposition = (tile: number) => ({
  sizes: matrix,
  dispatch: ({ rows, cols }: { readonly rows: number; readonly cols: number }): Dispatch => ({
    uniforms: { params: { rows, cols } },
    inputs: { x: floats(rows * cols) },
    outputs: { y: rows * cols },
    workgroups: [Math.ceil(cols / tile), Math.ceil(rows / tile), 1],
  }),
  reference: {
    name: "transpose",
    results: ({ x }: Numbers, { rows, cols }: { readonly rows: number; readonly cols: number }) => ({
      y: transpose({ x: dense([rows, cols], x) }, { order: [1, 0] }).y,
    }),
  },
});

const matrices = (tile: number): readonly Case[] =>
  [
    [1, 1],
    [1, 37],
    [37, 1],
    [tile - 1, tile + 1],
    [tile, tile],
    [tile + 1, tile - 1],
    [2 * tile + 1, tile + 2],
    [3, 1030],
  ].map(([rows = 1, cols = 1]) => ({ sizes: { rows, cols }, isLong: cols > 1000 }));

const excessOf = (name: string) => `sectors of 32 bytes that requests to ${name} touch, over the fewest possible`;

export const elementPuzzles = [
  newPuzzle("map", {
    title: "Map",
    story: "The kernel doubles every element. It should compute y = 2x + 1, and ask for each number once.",
    guess: {
      question: "How many bytes does a thread ask for in the end?",
      choices: ["4", "8", "12"],
      right: 1,
      why: "4 for its element of x, 4 for that of y. The text at the start reads x[i] twice: 12.",
    },
    start: map,
    solution: mapSolution,
    sizes: n(100),
    dispatch: (sizes, value) => elements(sizes.n, value("WORKGROUP")),
    reference: each("2x + 1", (x) => 2 * x + 1),
    hidden: lengths(64),
    within: 1e-6,
    gates: [
      {
        what: "bytes of buffers for each element",
        measure: bytesPerElement,
        sizes: { n: 1024 },
        start: 12,
        solution: 8,
        most: 8,
      },
    ],
    fails: "result",
  }),
  newPuzzle("guard", {
    title: "Guard",
    story:
      "A grid has whole workgroups: for 1,000 elements there are 1,024 threads. The last 24 write where nothing of " +
      "theirs is; keep them from it.",
    guess: {
      question: "On a GPU, what does a store beyond the end of a buffer do?",
      choices: [
        "it ends the program",
        "nothing that is sure: it is dropped or lands elsewhere in the buffer",
        "it grows",
      ],
      right: 1,
      why:
        "WGSL lets a device drop it or move it into the buffer. And this buffer is longer than n, as many are: there " +
        "the store changes what belongs to others, and no device objects.",
    },
    start: guard,
    solution: guardSolution,
    sizes: n(1000),
    dispatch: (sizes, value) => elements(sizes.n, value("WORKGROUP")),
    reference: each("x · x", (x) => x * x),
    hidden: lengths(64),
    within: 1e-6,
    gates: [],
    fails: "tail",
  }),
  newPuzzle("fold-grid", {
    title: "Fold the grid",
    story:
      "An axis of the grid has at most 65,535 workgroups, so a longer one is folded into rows. The kernel knows nothing " +
      "of the rows: each does the first one's work.",
    guess: {
      question: "With 7 workgroups in rows of 4, how many workgroups are started?",
      choices: ["7", "8", "28"],
      right: 1,
      why: "Two rows of 4: a grid is a rectangle, and the last workgroup finds nothing to do.",
    },
    start: fold,
    solution: foldSolution,
    sizes: {
      n: { meaning: "elements", usual: 26, most: 300_000 },
      most: { meaning: "workgroups of a row of the grid at most", usual: 4, most: 65_535 },
    },
    dispatch: (sizes, value) => {
      const all = Math.ceil(sizes.n / value("WORKGROUP"));
      const rows = Math.ceil(all / sizes.most);
      return Object.assign({}, elements(sizes.n, value("WORKGROUP")), {
        workgroups: [Math.ceil(all / rows), rows, 1] as const,
      });
    },
    reference: each("-x", (x) => -x),
    hidden: [
      { sizes: { n: 1, most: 65_535 } },
      ...[1, 5, 37, 49, 51, 62].map((length) => ({ sizes: { n: length, most: 3 } })),
      { sizes: { n: 145, most: 9 } },
      { sizes: { n: 262_146, most: 65_535 }, isLong: true },
    ],
    within: 0,
    gates: [],
    fails: "race",
  }),
  newPuzzle("neighbours", {
    title: "Neighbours",
    story:
      "Each thread has 16 elements in a row, as a thread of a CPU would. Neighbouring threads are then 64 bytes apart; " +
      "give them neighbouring elements instead, with the same results.",
    guess: {
      question: "32 threads read a number each, 64 bytes apart. How many sectors of 32 bytes is that?",
      choices: ["4", "16", "32"],
      right: 2,
      why: "Each number is in a block of its own. Neighbours would need 4 blocks: an eighth.",
    },
    start: neighbours,
    solution: neighboursSolution,
    sizes: n(700),
    dispatch: (sizes, value) => elements(sizes.n, value("WORKGROUP") * value("PIECE")),
    reference: each("x / 2", (x) => x / 2),
    hidden: lengths(512),
    within: 0,
    gates: [
      { what: excessOf("x"), measure: excess("x"), sizes: { n: 1024 }, start: 8, solution: 1, most: 1.1 },
      { what: excessOf("y"), measure: excess("y"), sizes: { n: 1024 }, start: 8, solution: 1, most: 1.1 },
    ],
    fails: "gate",
  }),
  newPuzzle("wide-loads", {
    title: "Wide loads",
    story:
      "The buffers are vectors of four, but the kernel takes them apart, one number at a time. Take four at once, also " +
      "where n is not a multiple of 4.",
    guess: {
      question: "What does one vector in place of four numbers save?",
      choices: ["bytes", "requests", "sectors of 32 bytes"],
      right: 1,
      why: "The bytes are the same, and so are the blocks. A quarter of the requests is left to issue.",
    },
    start: wide,
    solution: wideSolution,
    sizes: n(203),
    dispatch: (sizes, value) => elements(sizes.n, 4 * value("WORKGROUP")),
    reference: each("x / 2", (x) => x / 2),
    hidden: lengths(256),
    within: 0,
    gates: [
      { what: "requests to x", measure: requests("x"), sizes: { n: 1024 }, start: 32, solution: 8, most: 8.4 },
      { what: "requests to y", measure: requests("y"), sizes: { n: 1024 }, start: 32, solution: 8, most: 8.4 },
    ],
    fails: "gate",
  }),
  newPuzzle("transpose", {
    title: "Transpose through a tile",
    story:
      "Threads read neighbours of a row, and write them below one another, each into another row of y. Turn the tile in " +
      "workgroup memory, so that both are neighbours.",
    guess: {
      question: "Which of the two could be left apart, with only one in order?",
      choices: [
        "neither: one of the two always pays",
        "the reads: a cache mends them",
        "the writes: nobody waits for them",
      ],
      right: 0,
      why: "Without a place to turn the tile, either the reads or the writes go down a column.",
    },
    start: transposed,
    solution: transposeSolution,
    ...transposition(16),
    hidden: matrices(16),
    within: 0,
    gates: [
      { what: excessOf("x"), measure: excess("x"), sizes: { rows: 32, cols: 48 }, start: 1, solution: 1, most: 1.1 },
      { what: excessOf("y"), measure: excess("y"), sizes: { rows: 32, cols: 48 }, start: 4, solution: 1, most: 1.1 },
    ],
    fails: "gate",
  }),
  newPuzzle("banks", {
    title: "One bank for all",
    story:
      "The tile is turned in workgroup memory, whose 32 banks each give one word at a time. Its columns lie in a single " +
      "bank; move the words so that they do not, in at most 6 % more memory.",
    guess: {
      question: "Rows of 32 words: in which bank is word [row][5]?",
      choices: ["5, in every row", "row", "row + 5"],
      right: 0,
      why: "(32 · row + 5) mod 32 is 5. One more word a row makes it row + 5: all different.",
    },
    start: banks,
    solution: banksSolution,
    ...transposition(32),
    hidden: matrices(32),
    within: 0,
    gates: [
      {
        what: "words of one bank that a request needs at most",
        measure: ways,
        sizes: { rows: 64, cols: 32 },
        start: 32,
        solution: 1,
        most: 1,
      },
      {
        what: "bytes of workgroup memory",
        measure: (counts) =>
          [...counts.touched].reduce((all, [{ space, type }]) => all + (space === "workgroup" ? type.size : 0), 0),
        sizes: { rows: 64, cols: 32 },
        start: 4096,
        solution: 4224,
        most: 4342,
      },
      { what: excessOf("x"), measure: excess("x"), sizes: { rows: 64, cols: 32 }, start: 1, solution: 1, most: 1.1 },
      { what: excessOf("y"), measure: excess("y"), sizes: { rows: 64, cols: 32 }, start: 1, solution: 1, most: 1.1 },
    ],
    fails: "gate",
  }),
];
