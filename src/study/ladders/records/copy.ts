import type { Ladder } from "../ladder.ts";

export const copies: Ladder = {
  name: "Copies",
  rungs: [
    {
      kernel: "peaks/increment",
      idea: "the smallest kernel: a thread for each element, whose number is the thread's",
      bug: {
        from: "count[workgroup.x] += 1;",
        to: "count[workgroup.y] += 1;",
        breaks: "race",
        why: "The grid goes along x: every workgroup has y = 0, and all of them change the first element.",
      },
    },
    {
      kernel: "ladders/copy/pieces",
      idea: "each thread copies a piece, as threads of a CPU would",
      bug: {
        from: "let i = first + thread * PIECE + j;",
        to: "let i = (first + j * WORKGROUP + thread) * PIECE % params.n;",
        breaks: "race",
        why: "Steps that divide n come back to the same elements: these are copied many times, and others never.",
      },
    },
    {
      kernel: "ladders/copy/neighbours",
      idea: "neighbouring threads copy neighbouring elements",
      claims: [
        { counter: "excess", of: "x", before: 8, after: 1 },
        { counter: "excess", of: "y", before: 8, after: 1 },
      ],
      published: {
        says: "5.87 → 0.61 ms for 2²⁴ elements and steps of 32, on an RTX 3060; at 2²⁰ elements 0.29 → 0.19",
        source: "CUDA-120-DAYS--CHALLENGE, issue 4",
        url: "https://github.com/AdepojuJeremy/CUDA-120-DAYS--CHALLENGE/issues/4",
      },
      bug: {
        from: "if (i < params.n) { y[i] = x[i]; }",
        to: "y[i] = x[i];",
        breaks: "out of bounds",
        why: "The last workgroup has more threads than elements. A GPU hides it: such loads and stores are made safe.",
      },
    },
    {
      kernel: "ladders/copy/vectors",
      idea: "four elements with each load and store",
      claims: [
        { counter: "requests", of: "x", before: 128, after: 32, formula: "n / 32 → n / 128" },
        { counter: "excess", of: "x", before: 1, after: 1 },
      ],
      bug: {
        from: "if (i < params.n / 4)",
        to: "if (i < params.n)",
        breaks: "out of bounds",
        why: "i counts vectors, and n counts elements.",
      },
    },
    {
      kernel: "layout/copy",
      idea: "rows of any stride, brought next to each other",
      bug: {
        from: "let row = i / params.words;",
        to: "let row = i % params.rows;",
        breaks: "race",
        why: "A thread's row and its word in the row no longer belong together: some words are written twice.",
      },
    },
    {
      kernel: "layout/copy-vectors",
      idea: "the same, four elements at a time",
      bug: {
        from: "i / params.run * params.pitch + i % params.run",
        to: "i",
        breaks: "result",
        why: "It writes row after row without the gaps between them: the pitch is left out.",
      },
    },
  ],
};
