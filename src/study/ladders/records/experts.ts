import type { Ladder } from "../ladder.ts";

export const mixtures: Ladder = {
  name: "Experts",
  rungs: [
    {
      kernel: "ladders/experts/every",
      idea: "every token with every expert, most of them times 0",
      bug: {
        from: "if (experts[c] == expert) { share += shares[c]; }",
        to: "if (c - token * CHOICES == expert) { share += shares[c]; }",
        breaks: "result",
        why: "The number of a choice is not the number of the expert that was chosen.",
      },
    },
    {
      kernel: "ladders/experts/chosen",
      idea: "each token with the experts that it chose",
      claims: [
        { counter: "operations", of: "fma", before: 33792, after: 8448, formula: "EXPERTS → CHOICES" },
        { counter: "excess", of: "weight", before: 8, after: 8 },
      ],
      bug: {
        from: "var c = token * CHOICES; c < (token + 1) * CHOICES; c++",
        to: "var c = token; c < token + CHOICES; c++",
        breaks: "result",
        why: "The choices of a token begin at token · CHOICES.",
      },
    },
    {
      kernel: "moe/vector",
      idea: "threads share a row of the weight, as for a matrix times a vector",
      at: { sizes: { tokens: 12, experts: 4 } },
      claims: [{ counter: "excess", of: "weight", before: 8, after: 1 }],
      bug: {
        from: "sum += partial[l * TEAMS + thread];",
        to: "sum += partial[thread * LANES + l];",
        breaks: "result",
        why: "Sums lie lane by lane, not team by team.",
      },
    },
    {
      kernel: "moe/route",
      idea: "where choices come from: the largest of a token's logits, one after the other",
      bug: {
        from: "next.key == last.key && next.expert > last.expert",
        to: "next.key == last.key && next.expert >= last.expert",
        breaks: "result",
        why: "The expert that was chosen last is chosen again.",
      },
    },
    {
      kernel: "moe/align/naive",
      idea: "tokens sorted by expert, in one workgroup: each expert looks at all of them, twice",
      bug: {
        from: "positions[slot] = starts[expert] + count;",
        to: "positions[slot] = count;",
        breaks: "result",
        why: "A position is counted from the beginning of all experts, not from that of its own.",
      },
    },
    {
      kernel: "moe/align/count",
      idea: "the same in three kernels, the first: counts of each chunk",
      claims: [
        { counter: "reads", of: "experts", before: 9, after: 1, formula: "2 · EXPERTS + 1 → 1" },
        { counter: "workgroups", before: 1, after: 3 },
      ],
      bug: {
        from: "if (slot < params.slots) {",
        to: "if (true) {",
        breaks: "out of bounds",
        why: "The last chunk is not full, and what follows it is counted for some expert.",
      },
    },
    {
      kernel: "moe/align/scan",
      idea: "the second: where each expert's tokens begin",
      bug: {
        from: "chunk_counts[chunk * EXPERTS + expert] = count;\n      count += own;",
        to: "count += own;\n      chunk_counts[chunk * EXPERTS + expert] = count;",
        breaks: "result",
        why: "A chunk's tokens begin after those of the chunks before it: the sum without its own.",
      },
    },
    {
      kernel: "moe/align/place",
      idea: "the third: each token to its position, in order",
      bug: {
        from: "for (var i = 0u; i < thread; i++) { rank",
        to: "for (var i = 0u; i <= thread; i++) { rank",
        breaks: "result",
        why: "A token counts itself, and all positions move by one.",
      },
    },
    {
      kernel: "moe/grouped",
      idea: "blocks of tokens of one expert: its weight is read once for all of them",
      at: { sizes: { tokens: 12, experts: 4 } },
      than: ["moe/vector"],
      claims: [
        { counter: "reads", of: "weight", before: 6, after: 1, formula: "slots / EXPERTS → blocks of an expert" },
      ],
      bug: {
        from: "let expert = block_experts[block];",
        to: "let expert = block % (params.end / params.n);",
        breaks: "result",
        why: "An expert may have several blocks, or none.",
        sizes: { tokens: 9 },
      },
    },
    {
      kernel: "moe/subgroups",
      idea: "rows of a block shared by shuffles",
      at: { sizes: { tokens: 12, experts: 4 } },
      claims: [{ counter: "reads", of: "x", before: 4, after: 2, sizes: { experts: 3 } }],
      bug: {
        from: "subgroupShuffle(own[r], i - first)",
        to: "subgroupShuffle(own[r], i)",
        breaks: "result",
        why: "After the first SUBGROUP vectors, the number of the thread that holds them is too large.",
        sizes: { k: 16 },
      },
    },
    {
      kernel: "moe/combine",
      idea: "a token's weighted sum over its experts, gathered: no atomic functions, always the same bits",
      bug: {
        from: "if (row != NO_INDEX) { sum",
        to: "if (true) { sum",
        breaks: "out of bounds",
        why: "A choice beyond an expert's capacity has no result: its row is the number that stands for none.",
      },
    },
  ],
};
