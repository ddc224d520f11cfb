import type { Ladder } from "../ladder.ts";

const inSubgroups = { constants: { SUBGROUP: 32 } } as const;
const sizes = { rows: 1, k: 256, n: 64 } as const;

export const matrixVector: Ladder = {
  name: "Matrix times vector",
  rungs: [
    {
      kernel: "ladders/matrix-vector/rows",
      idea: "a thread goes along a row",
      bug: {
        from: "weight[row * params.k + i]",
        to: "weight[i * params.n + row]",
        breaks: "result",
        why: "Neighbours read neighbours, but of the transposed matrix: the weight is stored by rows.",
      },
    },
    {
      kernel: "ladders/matrix-vector/lanes",
      idea: "a workgroup goes along a row, and adds up in a tree",
      claims: [
        { counter: "excess", of: "weight", before: 8, after: 1 },
        { counter: "barriers", before: 0, after: 6, formula: "0 → log₂ W + 1" },
      ],
      published: {
        says: "45 → 380 GB/s for 4096 × 4096, with x in workgroup memory, too; the GPU is not named",
        source: "RightNow AI, guide to sgemv",
        url: "https://www.rightnowai.co/guides/cuda-operations/sgemv",
      },
      bug: {
        from: "    if (thread < distance) { partial[thread] += partial[thread + distance]; }\n    workgroupBarrier();",
        to: "    if (thread < distance) { partial[thread] += partial[thread + distance]; }",
        breaks: "race",
        why: "A halving reads sums of the halving before, which other threads have yet to store.",
      },
    },
    {
      kernel: "ladders/matrix-vector/vectors",
      idea: "four elements with each load",
      claims: [{ counter: "requests", of: "weight", before: 512, after: 128, formula: "n · k / 32 → n · k / 128" }],
      bug: {
        from: "let vectors = params.k / 4;",
        to: "let vectors = params.k;",
        breaks: "out of bounds",
        why: "A row has k elements, and a fourth as many vectors.",
      },
    },
    {
      kernel: "ladders/matrix-vector/subgroups",
      idea: "a subgroup adds up, without workgroup memory and without barriers",
      at: inSubgroups,
      claims: [{ counter: "barriers", before: 6, after: 0, formula: "log₂ W + 1 → 0" }],
      bug: {
        from: "let sum = subgroupAdd(dot(sums, vec4f(1.0)));",
        to: "let sum = dot(sums, vec4f(1.0));",
        breaks: "result",
        why: "The first thread stores its own part of the sum.",
      },
    },
    {
      kernel: "matmul/vector",
      idea: "four rows of the weight at once: what is loaded of x serves all of them",
      at: { sizes, constants: { LANES: 64 } },
      claims: [{ counter: "reads", of: "x", before: 64, after: 16, formula: "n → n / 4" }],
      bug: {
        from: "  workgroupBarrier();\n",
        to: "",
        breaks: "race",
        why: "Sums of other lanes are added up before they are stored.",
      },
    },
    {
      kernel: "matmul/vector-subgroups",
      idea: "a thread for each few columns, and x handed round by shuffles",
      at: { sizes, constants: { SUBGROUP: 32 } },
      claims: [
        { counter: "reads", of: "x", before: 16, after: 1 },
        { counter: "barriers", before: 1, after: 0 },
      ],
      bug: {
        from: "(i % STEP * QUADS + q) % SUBGROUP",
        to: "(i * QUADS + q) % SUBGROUP + 1",
        breaks: "result",
        why: "Each vector is taken from the thread after the one that holds it.",
      },
    },
    {
      kernel: "ladders/matrix-vector/bf16",
      idea: "elements of 16 bits, the upper halves of f32",
      at: inSubgroups,
      than: ["ladders/matrix-vector/subgroups"],
      claims: [{ counter: "asked", of: "weight", before: 65536, after: 32768, formula: "4 · n · k → 2 · n · k" }],
      bug: {
        from: "vec4f(first.x, second.x, first.y, second.y)",
        to: "vec4f(second.x, first.x, second.y, first.y)",
        breaks: "result",
        why: "The first of two elements is in the lower bits of their word.",
      },
    },
    {
      kernel: "ladders/matrix-vector/int8",
      idea: "elements of 8 bits, with a scale for each row",
      at: inSubgroups,
      than: ["ladders/matrix-vector/subgroups"],
      claims: [{ counter: "asked", before: 131328, after: 82432, formula: "4 · n · k of the weight → n · k + 4 · n" }],
      bug: {
        from: "bitcast<vec4i>(vec4u(codes[row * words + i]) << vec4u(24, 16, 8, 0))",
        to: "(vec4u(codes[row * words + i]) << vec4u(24, 16, 8, 0))",
        breaks: "result",
        why: "A shift to the right of unsigned integers does not extend the sign: -1 becomes 255.",
      },
    },
    {
      kernel: "ladders/matrix-vector/int4",
      idea: "elements of 4 bits, with a scale for each 32 of a row",
      at: inSubgroups,
      claims: [{ counter: "asked", of: "codes", before: 16384, after: 8192, formula: "n · k → n · k / 2" }],
      bug: {
        from: "let group = (row * words + i) / 4;",
        to: "let group = (row * words + i + 1) / 4;",
        breaks: "result",
        why: "The last word of each group takes the scale of the next group.",
      },
    },
    {
      kernel: "ladders/matrix-vector/bytes",
      idea: "x in 8 bits, too: four products of integers with one instruction",
      at: inSubgroups,
      than: ["ladders/matrix-vector/int8"],
      claims: [
        { counter: "asked", of: "x", before: 65536, after: 16384, formula: "4 · n · k → n · k" },
        { counter: "operations", of: "fma", before: 16384, after: 0, formula: "n · k → 0" },
      ],
      bug: {
        from: "f32(sum) * scales[row] * params.x_scale",
        to: "f32(sum) * scales[row]",
        breaks: "result",
        why: "Both factors of a product are codes, and each has a scale.",
      },
    },
  ],
};
