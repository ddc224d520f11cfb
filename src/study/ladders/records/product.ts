import type { Ladder, Published } from "../ladder.ts";

/** Sizes that every tile divides. */
const at = { sizes: { m: 64, k: 32, n: 64 } } as const;

const boehm = (percent: string, more = ""): Published => ({
  says: `${percent} % of the speed of cuBLAS, NVIDIA's library, 4096³ on an A6000${more}`,
  source: "SGEMM_CUDA",
  url: "https://github.com/siboehm/SGEMM_CUDA",
});

export const products: Ladder = {
  name: "Matrix product A · B",
  rungs: [
    {
      kernel: "gemm/naive",
      idea: "a thread for each output; neighbouring threads read different rows",
      at,
      bug: {
        from: "let row = output % params.m;",
        to: "let row = output % params.n;",
        breaks: "result",
        why: "Outputs have m rows and n columns. A square result would not show it.",
      },
    },
    {
      kernel: "gemm/coalesced",
      idea: "neighbouring threads read neighbouring numbers",
      at,
      claims: [
        { counter: "excess", of: "a", before: 8, after: 1 },
        { counter: "excess", of: "y", before: 8, after: 1 },
      ],
      published: boehm("1.3 → 8.5"),
      bug: {
        from: "let column = output % params.n;",
        to: "let column = output % params.m;",
        breaks: "result",
        why: "Outputs have m rows and n columns. A square result would not show it.",
      },
    },
    {
      kernel: "gemm/tiled",
      idea: "tiles in workgroup memory: a loaded number serves a whole tile",
      at,
      claims: [
        { counter: "reads", of: "a", before: 64, after: 4, formula: "n → n / TILE" },
        { counter: "reads", of: "b", before: 64, after: 4, formula: "m → m / TILE" },
      ],
      published: boehm("8.5 → 12.8"),
      bug: {
        from: "if (row < params.m && a_i < params.k)",
        to: "if (row < params.m)",
        breaks: "out of bounds",
        why: "The last tile reads past the end of a row. The zeros of the other tile hide it, but not after NaN.",
      },
    },
    {
      kernel: "gemm/registers-1d",
      idea: "a thread computes a column of outputs: what it loads from a tile serves all of them",
      at,
      claims: [{ counter: "shared", before: 8, after: 4.5, formula: "4 (1 + 1) → 4 (1 + 1 / ROWS)" }],
      published: boehm("12.8 → 36.5"),
      bug: {
        from: "    workgroupBarrier();\n  }\n",
        to: "  }\n",
        breaks: "race",
        why: "The next tile is stored while other threads still read this one.",
      },
    },
    {
      kernel: "gemm/registers-2d",
      idea: "a thread computes a rectangle of outputs, from a column of a and a row of b in registers",
      at,
      claims: [
        { counter: "shared", before: 4.5, after: 1, formula: "4 (1 + 1 / ROWS) → 4 (1 / ROWS + 1 / COLUMNS)" },
        { counter: "ways", of: "a_tile", before: 1, after: 4 },
      ],
      published: boehm("36.5 → 68.7"),
      bug: {
        from: "b_tile[i][own_column + c * COLUMN_THREADS]",
        to: "b_tile[i][own_column * COLUMNS + c]",
        breaks: "result",
        why: "A thread's columns are computed as neighbours and stored as if they were COLUMN_THREADS apart.",
      },
    },
    {
      kernel: "gemm/vectors",
      idea: "four numbers with each load",
      at,
      claims: [
        { counter: "requests", of: "a", before: 64, after: 16 },
        { counter: "requests", of: "b", before: 64, after: 16 },
      ],
      published: boehm("68.7 → 78.4"),
      bug: {
        from: "    sums = add_tile(0, thread, sums);\n    workgroupBarrier();",
        to: "    sums = add_tile(0, thread, sums);",
        breaks: "race",
        why: "The next tile is stored while other threads still read this one.",
      },
    },
    {
      kernel: "gemm/padded",
      idea: "each row of the tile begins one vector later, so that threads access different banks",
      at,
      claims: [{ counter: "ways", before: 2, after: 1 }],
      published: boehm("78.4 → 70.8", ": there it was slower"),
      bug: {
        from: "const PITCH: u32 = QUADS + 1;",
        to: "const PITCH: u32 = QUADS - 1;",
        breaks: "race",
        why: "Rows of the tile are longer than the pitch, so that their ends overlap.",
      },
    },
    {
      kernel: "gemm/double-buffer",
      idea: "the next tile is loaded while this one is used",
      at,
      claims: [
        { counter: "barriers", before: 8, after: 4, formula: "2k / DEPTH → k / DEPTH" },
        { counter: "memory", before: 4352, after: 8704 },
      ],
      published: boehm("74.3"),
      bug: {
        from: "    tile = 1 - tile;\n",
        to: "",
        breaks: "race",
        why: "The next tile is stored where other threads still read this one.",
      },
    },
    {
      kernel: "gemm/subgroups",
      idea: "threads of a subgroup hand numbers round by shuffles",
      at,
      claims: [
        { counter: "barriers", before: 4, after: 0, formula: "k / DEPTH → 0" },
        { counter: "memory", before: 8704, after: 0 },
      ],
      published: boehm("93.7", ", with tiles of subgroups and tuned sizes"),
      bug: {
        from: "let source = (i - first) / 4;",
        to: "let source = i / 4;",
        breaks: "result",
        why: "After the first 4 · SUBGROUP values of i, the number of the thread that holds them is too large.",
        sizes: { k: 12 },
      },
    },
    {
      kernel: "gemm/split-k/parts",
      idea: "few outputs: workgroups share a long sum",
      at,
      than: ["gemm/tiled"],
      claims: [
        { counter: "workgroups", before: 16, after: 32, formula: "· splits" },
        { counter: "barriers", before: 4, after: 2, formula: "/ splits" },
      ],
      bug: {
        from: "let end = min((s + 1) * split.run, params.k);",
        to: "let end = params.k;",
        breaks: "result",
        why: "Every run goes on to the end of k, so that most products are added several times.",
      },
    },
    {
      kernel: "gemm/split-k/join",
      idea: "their partial sums are added up",
      at: { sizes: { m: 64, n: 64 } },
      bug: {
        from: "partial[s * params.size + output]",
        to: "partial[output * params.splits + s]",
        breaks: "result",
        why: "The partial sums of an output are a whole matrix apart, not side by side.",
      },
    },
  ],
};
