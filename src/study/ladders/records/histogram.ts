import type { Ladder } from "../ladder.ts";

export const histograms: Ladder = {
  name: "Histograms and sorting",
  rungs: [
    {
      kernel: "ladders/histogram/storage",
      idea: "every thread adds 1 to a count in storage, by an atomic function",
      bug: {
        from: "atomicAdd(&counts[x[i]], 1u);",
        to: "atomicStore(&counts[x[i]], atomicLoad(&counts[x[i]]) + 1u);",
        breaks: "result",
        why: "Between the load and the store other threads add to the same count, and their additions are lost.",
      },
    },
    {
      kernel: "ladders/histogram/workgroup",
      idea: "a workgroup counts in workgroup memory, and adds its counts to storage once",
      claims: [{ counter: "atomics", of: "counts", before: 2048, after: 64, formula: "n → bins · workgroups" }],
      bug: {
        from: "  workgroupBarrier();\n",
        to: "",
        breaks: "result",
        why: "A thread adds counts to memory while other subgroups still count.",
      },
    },
    {
      kernel: "ladders/histogram/threads",
      idea: "every thread has counts of its own: nobody waits, for much workgroup memory",
      claims: [
        { counter: "contention", of: "own", before: 2.74, after: 0 },
        { counter: "memory", before: 128, after: 8192, formula: "4 · bins → 4 · bins · W" },
        { counter: "ways", of: "own", before: 1, after: 1 },
      ],
      bug: {
        from: "  workgroupBarrier();\n",
        to: "",
        breaks: "race",
        why: "Counts are added up while other threads still count.",
      },
    },
    {
      kernel: "ladders/histogram/subgroups",
      idea: "threads of a subgroup vote for each bin, and one of them counts the votes in a register",
      at: { constants: { SUBGROUP: 32 } },
      claims: [
        { counter: "memory", before: 8192, after: 0, formula: "4 · bins · W → 0" },
        { counter: "barriers", before: 1, after: 0 },
      ],
      bug: {
        from: "var element = BINS;",
        to: "var element = 0u;",
        breaks: "result",
        why: "Threads past the last element vote for the first bin.",
      },
    },
    {
      kernel: "embedding/sort/count",
      idea: "to sort, each workgroup keeps the counts of its chunk",
      bug: {
        from: "for (var d = thread; d < BINS; d += CHUNK)",
        to: "for (var d = thread; d + 1 < BINS; d += CHUNK)",
        breaks: "result",
        why: "The count of the last bin is never written.",
      },
    },
    {
      kernel: "embedding/sort/scan",
      idea: "running sums of the counts: where each chunk's elements of a bin begin",
      bug: {
        from: "for (var other = 0u; other < d; other++)",
        to: "for (var other = 0u; other <= d; other++)",
        breaks: "result",
        why: "A bin begins after all bins before it, not after itself.",
      },
    },
    {
      kernel: "embedding/sort/place",
      idea: "rank within the chunk and the chunk's beginning: sorted without atomic functions, in order",
      bug: {
        from: "other < thread; other++",
        to: "other <= thread; other++",
        breaks: "result",
        why: "An element counts itself, and all elements move by one.",
      },
    },
  ],
};
