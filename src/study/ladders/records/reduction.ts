import type { Ladder, Published } from "../ladder.ts";

const harris = (says: string): Published => ({
  says: `${says} ms for 2²² integers, on a G80`,
  source: "Harris, Optimizing Parallel Reduction in CUDA",
  url: "https://developer.download.nvidia.com/assets/cuda/files/reduction.pdf",
  isRecalled: true,
});

export const reductions: Ladder = {
  name: "Sums",
  rungs: [
    {
      kernel: "ladders/reduction/remainder",
      idea: "a tree in workgroup memory: every second thread adds, then every fourth",
      bug: {
        from: "if (thread % (2 * distance) == 0)",
        to: "if (thread % distance == 0)",
        breaks: "race",
        why: "Neighbours add each other's element at once: one reads what the other is writing.",
      },
    },
    {
      kernel: "ladders/reduction/interleaved",
      idea: "the first threads do the additions, so that whole subgroups rest",
      claims: [
        { counter: "parted", before: 48, after: 6 },
        { counter: "ways", of: "partial", before: 1, after: 8, formula: "1 → W / 32" },
      ],
      published: harris("8.05 → 3.46"),
      bug: {
        from: "    workgroupBarrier();\n  }\n",
        to: "  }\n",
        breaks: "race",
        why: "A step reads sums of the step before, which other subgroups have yet to store.",
      },
    },
    {
      kernel: "ladders/reduction/sequential",
      idea: "halves are added to halves: neighbours have neighbouring elements",
      claims: [{ counter: "ways", of: "partial", before: 8, after: 1, formula: "W / 32 → 1" }],
      published: harris("3.46 → 1.72"),
      bug: {
        from: "    if (thread < distance) { partial[thread] += partial[thread + distance]; }\n    workgroupBarrier();\n",
        to: "    if (thread < distance) {\n      partial[thread] += partial[thread + distance];\n      workgroupBarrier();\n    }\n",
        breaks: "divergence",
        why: "Only some threads reach the barrier, which waits for all of them. Compilers of WGSL refuse such a text.",
      },
    },
    {
      kernel: "ladders/reduction/first-add",
      idea: "a thread adds up several elements before the tree begins",
      claims: [
        { counter: "workgroups", before: 16, after: 8, formula: "n / W → n / 2W" },
        { counter: "barriers", before: 9, after: 9, formula: "log₂ W + 1, for twice as many elements" },
      ],
      published: harris("1.72 → 0.97"),
      bug: {
        from: "if (i < params.n) { sum += x[i]; }",
        to: "sum += x[i];",
        breaks: "out of bounds",
        why: "The last block is not full. Loads beyond the buffer may give 0, and then the sum is right by luck.",
      },
    },
    {
      kernel: "ladders/reduction/subgroups",
      idea: "a subgroup adds up without workgroup memory and without barriers",
      at: { constants: { SUBGROUP: 32 } },
      claims: [
        { counter: "barriers", before: 9, after: 0, formula: "log₂ W + 1 → 0" },
        { counter: "memory", before: 1024, after: 0, formula: "4 · W → 0" },
      ],
      bug: {
        from: "  let total = subgroupAdd(sum);\n  if (thread == 0) { y[workgroup.x] = total; }",
        to: "  if (thread == 0) { y[workgroup.x] = subgroupAdd(sum); }",
        breaks: "result",
        why: "A subgroup operation adds up what its active threads have, and here only one of them is active.",
      },
    },
    {
      kernel: "reduce/thread",
      idea: "many sums, a thread for each: sums in runs, and runs of these, lose fewer digits",
      bug: {
        from: "j < min(begin + RUN, params.length); j++",
        to: "j < begin + RUN; j++",
        breaks: "out of bounds",
        why: "The last run goes on beyond the end of the axis.",
      },
    },
    {
      kernel: "reduce/workgroup",
      idea: "long sums: threads share one, each with runs of its own",
      bug: {
        from: "partial[thread] = combined;\n  workgroupBarrier();",
        to: "partial[thread] = combined;",
        breaks: "race",
        why: "The first halving reads sums that other threads have yet to store.",
      },
    },
  ],
};
