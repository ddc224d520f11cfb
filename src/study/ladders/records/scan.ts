import type { Ladder } from "../ladder.ts";

export const scans: Ladder = {
  name: "Running sums",
  rungs: [
    {
      kernel: "ladders/scan/hillis-steele",
      idea: "every thread adds the sum that ends 1, 2, 4 … elements before its own",
      bug: {
        from: "    sums[1 - now][thread] = sum;\n    workgroupBarrier();\n    now = 1 - now;",
        to: "    sums[now][thread] = sum;\n    workgroupBarrier();",
        breaks: "race",
        why: "Without the second array, threads overwrite sums that others have yet to read.",
      },
    },
    {
      kernel: "ladders/scan/two-level",
      idea: "a few threads sum up pieces, then all add the totals before theirs: more additions, few barriers",
      claims: [
        { counter: "barriers", before: 9, after: 2, formula: "log₂ W + 1 → 2" },
        { counter: "operations", of: "+", before: 7172, after: 8640 },
      ],
      bug: {
        from: "piece < thread / PIECE; piece++",
        to: "piece <= thread / PIECE; piece++",
        breaks: "result",
        why: "The total of a thread's own piece is added, too.",
      },
    },
    {
      kernel: "ladders/scan/blelloch",
      idea: "up and down a tree: two additions an element, however long the block",
      claims: [
        { counter: "operations", of: "+", before: 8640, after: 2008, formula: "→ less than 2n" },
        { counter: "barriers", before: 2, after: 16, formula: "2 → 2 log₂ (2W)" },
      ],
      bug: {
        from: "if (first + i < params.n) { y[first + i] = sums[i]; }",
        to: "if (first + i < params.n) { y[first + i] = sums[max(i, 1) - 1]; }",
        breaks: "result",
        why: "These are the sums of all elements before one's own, without it: exclusive, not inclusive.",
      },
    },
    {
      kernel: "ladders/scan/subgroups",
      idea: "a subgroup operation for the elements of a step, and a register for the steps before",
      at: { constants: { SUBGROUP: 32 } },
      claims: [
        { counter: "barriers", before: 16, after: 0, formula: "2 log₂ (2W) → 0" },
        { counter: "memory", before: 1024, after: 0 },
      ],
      bug: {
        from: "subgroupShuffle(sum, SUBGROUP - 1)",
        to: "subgroupShuffle(sum, 0)",
        breaks: "result",
        why: "What goes on to the next step is the sum of the first thread, not that of the last.",
      },
    },
  ],
};
