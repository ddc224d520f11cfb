import type { Ladder } from "../ladder.ts";

const at = { sizes: { rows: 32, k: 64, n: 64 } } as const;

export const linearLayers: Ladder = {
  name: "Linear layer x · Wᵀ",
  rungs: [
    {
      kernel: "matmul/naive",
      idea: "a thread for each output, two loads for each product; neighbours read rows of the weight",
      at,
      bug: {
        from: "let row = output / params.n;",
        to: "let row = output / params.k;",
        breaks: "result",
        why: "Outputs have n columns. With n = k it would not show.",
      },
    },
    {
      kernel: "matmul/tiled",
      idea: "tiles in workgroup memory, loaded along rows of the weight",
      at,
      claims: [
        { counter: "excess", of: "weight", before: 8, after: 1 },
        { counter: "reads", of: "weight", before: 32, after: 2, formula: "rows → rows / TILE" },
        { counter: "reads", of: "x", before: 64, after: 4, formula: "n → n / TILE" },
      ],
      bug: {
        from: "    workgroupBarrier();  // before the next tiles replace these\n",
        to: "",
        breaks: "race",
        why: "The next tiles are stored while other threads still read these.",
      },
    },
    {
      kernel: "matmul/register",
      idea: "tiles in registers too: what a thread loads from workgroup memory it uses 4 or 8 times",
      at,
      claims: [
        { counter: "shared", after: 1.5, formula: "4 · (1 / ROWS + 1 / COLUMNS)" },
        { counter: "reads", of: "weight", before: 2, after: 1, formula: "rows / TILE → rows / TILE_ROWS" },
        { counter: "barriers", before: 8, after: 4, formula: "2k / TILE → k / (2 · DEPTH)" },
      ],
      bug: {
        from: "if (first_row + row < params.rows) {",
        to: "if (row < params.rows) {",
        breaks: "out of bounds",
        why: "The last tile has rows past the last of x.",
      },
    },
    {
      kernel: "matmul/subgroups",
      idea: "rows of x shared by shuffles",
      at,
      claims: [
        { counter: "barriers", before: 4, after: 0 },
        { counter: "shared", before: 1.5, after: 0 },
      ],
      bug: {
        from: "subgroupShuffle(own[t][r], i - first)",
        to: "subgroupShuffle(own[t][r], i)",
        breaks: "result",
        why: "After the first SUBGROUP vectors, the number of the thread that holds them is too large.",
        sizes: { k: 24 },
      },
    },
    {
      kernel: "matmul/int8/quantise",
      idea: "x as 8-bit integers, with a scale for each 32 of them",
      at: { sizes: { rows: 32, k: 64 } },
      bug: {
        from: "scales[block] = largest / 127.0;",
        to: "scales[block] = 127.0 / largest;",
        breaks: "result",
        why: "The scale turns codes back to numbers; its inverse is what made codes of them.",
      },
    },
    {
      kernel: "matmul/int8/product",
      idea: "products of four packed integers at a time, a fourth of the bytes",
      at,
      than: ["matmul/register"],
      claims: [{ counter: "operations", of: "fma", before: 131072, after: 4096, formula: "k → k / 32" }],
      bug: {
        from: "half_of(weight_scales[(column_block[c] + block) / 2], column_block[c] + block)",
        to: "half_of(weight_scales[(column_block[c] + block) / 2], block)",
        breaks: "result",
        why: "Which half of the word holds a scale depends on its number among all, not on its number in the row.",
        sizes: { k: 96 },
      },
    },
  ],
};
