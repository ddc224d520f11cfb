import type { Ladder } from "../ladder.ts";

const at = { sizes: { rows: 64, columns: 64 } } as const;
const long = { rows: 1, columns: 1024 } as const;

export const softmaxes: Ladder = {
  name: "Softmax",
  rungs: [
    {
      kernel: "softmax/row-max",
      idea: "softmax in three kernels, the first: a thread finds a row's largest value",
      at,
      bug: {
        from: "var value = LOWEST_FLOAT;",
        to: "var value = 0.0;",
        breaks: "result",
        why: "Where all elements are negative, their largest is not 0.",
        sizes: { columns: 1 },
      },
    },
    {
      kernel: "softmax/row-sum",
      idea: "the second: the sum of the exponentials",
      at,
      bug: {
        from: "exponential(x[row * params.cols + col] - shift)",
        to: "exponential(x[row * params.cols + col])",
        breaks: "result",
        why: "The sum no longer belongs to the exponentials of the last pass; beyond 88 it is infinite.",
      },
    },
    {
      kernel: "softmax/normalise",
      idea: "the third: each exponential divided by the sum",
      at,
      bug: {
        from: "let row = i / params.cols;",
        to: "let row = i % params.rows;",
        breaks: "result",
        why: "The row of an element is its number over the length of a row.",
      },
    },
    {
      kernel: "softmax/workgroup",
      idea: "threads share a row, in one kernel",
      at,
      than: ["softmax/row-max", "softmax/row-sum", "softmax/normalise"],
      claims: [
        { counter: "excess", of: "x", before: 5.67, after: 1, formula: "(8 + 8 + 1) / 3 → 1" },
        { counter: "asked", before: 99072, after: 81920, formula: "24 · rows · columns → 20" },
      ],
      bug: {
        from: "let shift = workgroup_max(vector_max(value), thread);",
        to: "let shift = vector_max(value);",
        breaks: "result",
        why: "Each thread subtracts the largest of its own elements, so that their exponentials do not go together.",
      },
    },
    {
      kernel: "softmax/online",
      idea: "online softmax: maximum and sum in one pass, the sum rescaled when the maximum grows",
      at,
      claims: [
        { counter: "asked", before: 81920, after: 49152, formula: "20 · rows · columns → 12" },
        { counter: "operations", of: "exp", before: 4096, after: 13312, formula: "1 an element → 3, and joins" },
      ],
      published: {
        says: "up to 1.3 times as fast",
        source: "Milakov and Gimelshein 2018",
        url: "https://arxiv.org/abs/1805.02867",
      },
      bug: {
        from: "run = run * rescale + exponential(value - larger);",
        to: "run = run + exponential(value - larger);",
        breaks: "result",
        why: "Shares that were relative to a smaller maximum stay too large.",
      },
    },
    {
      kernel: "softmax/registers",
      idea: "the row is read once and stays in registers",
      at,
      claims: [
        { counter: "reads", of: "x", before: 2, after: 1 },
        { counter: "operations", of: "exp", before: 13312, after: 4096, formula: "→ 1 an element" },
      ],
      bug: {
        from: "    if (i < row.width) { y[row.first + i] = own[j] * scale; }",
        to: "    y[row.first + i] = own[j] * scale;",
        breaks: "race",
        why: "Threads past the end of a row write into the next row, or past the end of y.",
      },
    },
    {
      kernel: "softmax/subgroups",
      idea: "a subgroup finds maximum and sum, without barriers",
      at,
      than: ["softmax/online"],
      claims: [
        { counter: "barriers", before: 8, after: 0 },
        { counter: "memory", before: 512, after: 0 },
      ],
      bug: {
        from: "let sum = subgroupAdd(vector_sum(sums * exponential(shift - largest)));",
        to: "let sum = subgroupAdd(vector_sum(sums));",
        breaks: "result",
        why: "The threads' sums are relative to different maxima.",
      },
    },
    {
      kernel: "softmax/subgroup-registers",
      idea: "both: one read, and no barriers",
      at,
      claims: [
        { counter: "reads", of: "x", before: 2, after: 1 },
        { counter: "operations", of: "exp", before: 14336, after: 4096 },
      ],
      bug: {
        from: "let shift = subgroupMax(vector_max(value));",
        to: "let shift = vector_max(value);",
        breaks: "result",
        why: "Each thread subtracts the largest of its own elements, so that their exponentials do not go together.",
      },
    },
    {
      kernel: "ladders/softmax/pieces",
      idea: "few long rows, in two kernels, the first: workgroups share a row, each with maximum and sum of a piece",
      at: { constants: { PIECE: 256 } },
      than: ["softmax/online"],
      claims: [
        { counter: "workgroups", before: 1, after: 4, formula: "→ rows · columns / PIECE", sizes: long },
        { counter: "reads", of: "x", before: 2, after: 1, sizes: long },
      ],
      bug: {
        from: "min(workgroup.x * PIECE + PIECE, params.cols)",
        to: "workgroup.x * PIECE + PIECE",
        breaks: "out of bounds",
        why: "The last piece goes on into the next row, and that of the last row beyond x.",
      },
    },
    {
      kernel: "ladders/softmax/joined",
      idea: "the second: maxima and sums of a row's pieces are joined by each thread for itself",
      at: { constants: { PIECE: 256 } },
      claims: [{ counter: "barriers", before: 18, after: 0, sizes: long }],
      bug: {
        from: "own.y * softmax_rescale(own.x, larger)",
        to: "own.y",
        breaks: "result",
        why: "Sums are relative to maxima of their own pieces, and do not go together as they are.",
      },
    },
  ],
};
