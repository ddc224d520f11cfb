import type { Ladder } from "../ladder.ts";

const at = { sizes: { rows: 64, columns: 64 } } as const;
/** Elements whose mean is much larger than their spread. */
const farFromZero = { mean: 10_000 } as const;

export const norms: Ladder = {
  name: "Norms",
  rungs: [
    {
      kernel: "ladders/norm/rows",
      idea: "a thread for each row, in three passes: the mean, the squared deviations from it, the result",
      bug: {
        from: "inverseSqrt(squares / count + params.eps)",
        to: "inverseSqrt(squares / count) + params.eps",
        breaks: "result",
        why: "eps belongs under the root: there it keeps a row of equal elements from a division by 0.",
      },
    },
    {
      kernel: "ladders/norm/squares",
      idea: "one pass less by mean(x²) - mean², which loses the digits of a large mean: never choose it",
      claims: [
        { counter: "reads", of: "x", before: 3, after: 2 },
        { counter: "digits", before: 2, after: 0, sizes: farFromZero },
      ],
      bug: {
        from: "squares / count - mean * mean",
        to: "squares / count - mean",
        breaks: "result",
        why: "What is subtracted is the square of the mean.",
      },
    },
    {
      kernel: "ladders/norm/welford",
      idea: "a running mean: two passes with the digits of three",
      claims: [
        { counter: "digits", before: 0, after: 2, sizes: farFromZero },
        { counter: "operations", of: "/", before: 128, after: 4160, formula: "2 a row → 1 an element" },
      ],
      bug: {
        from: "fma(deviation, value - mean, squares)",
        to: "fma(deviation, deviation, squares)",
        breaks: "result",
        why: "One of the two deviations is from the mean before the element, the other from the mean after it.",
      },
    },
    {
      kernel: "norm/layer-norm",
      idea: "threads share a row, in three passes again",
      at,
      claims: [
        { counter: "excess", of: "x", before: 8, after: 1 },
        { counter: "reads", of: "x", before: 2, after: 3 },
      ],
      bug: {
        from: "let mean = workgroup_sum(vector_sum(sums), thread) / f32(params.cols);",
        to: "let mean = workgroup_sum(vector_sum(sums), thread) / f32(row.width);",
        breaks: "result",
        why: "The mean is over elements, of which a Vector has four.",
      },
    },
    {
      kernel: "norm/layer-norm-registers",
      idea: "the row is read once and stays in registers",
      at,
      claims: [{ counter: "reads", of: "x", before: 3, after: 1 }],
      bug: {
        from: "own[j] = select(Vector(), own[j] - mean, j * LANES + row.lane < row.width);",
        to: "own[j] = own[j] - mean;",
        breaks: "result",
        why: "Registers past the end of the row hold 0, whose deviation from the mean is counted, too.",
      },
    },
    {
      kernel: "norm/layer-norm-subgroups",
      idea: "sums over a subgroup, without barriers",
      at,
      claims: [{ counter: "barriers", before: 8, after: 0 }],
      bug: {
        from: "let deviation = reload_row(first[j] + i) - means[j];",
        to: "let deviation = reload_row(first[j] + i);",
        breaks: "result",
        why: "The variance is about the mean, not about 0.",
      },
    },
    {
      kernel: "norm/rms-norm",
      idea: "no mean: two passes",
      at,
      than: ["norm/layer-norm"],
      claims: [
        { counter: "reads", of: "x", before: 3, after: 2 },
        { counter: "barriers", before: 8, after: 4 },
      ],
      bug: {
        from: "squares += value * value;",
        to: "squares += value;",
        breaks: "result",
        why: "The root is of the mean of squares.",
      },
    },
    {
      kernel: "norm/rms-norm-registers",
      idea: "one pass, in registers",
      at,
      claims: [{ counter: "reads", of: "x", before: 2, after: 1 }],
      bug: {
        from: "if (i < row.width) { own[j] = load_row(row.first + i); }",
        to: "own[j] = load_row(row.first + i);",
        breaks: "out of bounds",
        why: "Threads past the end of a row read the next row, and past the last row beyond the buffer.",
      },
    },
    {
      kernel: "norm/rms-norm-subgroups",
      idea: "sums over a subgroup",
      at,
      claims: [{ counter: "barriers", before: 4, after: 0 }],
      bug: {
        from: "/ f32(params.cols) + params.eps)",
        to: "+ params.eps)",
        breaks: "result",
        why: "It is the mean of the squares, not their sum.",
      },
    },
  ],
};
