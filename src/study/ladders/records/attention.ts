import type { Ladder } from "../ladder.ts";

const at = { sizes: { heads: 1, queries: 64, keys: 64 } } as const;

export const attentions: Ladder = {
  name: "Attention",
  rungs: [
    {
      kernel: "attention/naive/scores",
      idea: "three kernels, the first: the scores of all queries and keys, in storage",
      at,
      bug: {
        from: "head / (params.h / params.g)",
        to: "head % params.g",
        breaks: "result",
        why: "Neighbouring query heads share a head of keys. With one such head it does not show.",
        sizes: { heads: 4, groups: 2 },
      },
    },
    {
      kernel: "attention/naive/softmax",
      idea: "the second: softmax makes weights of a query's scores",
      at,
      bug: {
        from: "scores[first + key] * state.rescale / state.sum",
        to: "scores[first + key] * state.rescale",
        breaks: "result",
        why: "The weights of a query add up to 1 only after they are divided by their sum.",
      },
    },
    {
      kernel: "attention/naive/values",
      idea: "the third: the weighted sums of the values",
      at,
      bug: {
        from: "let t = i / (params.width * params.h) % params.t;",
        to: "let t = i / params.width % params.t;",
        breaks: "result",
        why: "A token has the outputs of all heads, one after the other.",
      },
    },
    {
      kernel: "attention/two-pass",
      idea: "one kernel, which computes the scores twice and stores none",
      at,
      than: ["attention/naive/scores", "attention/naive/softmax", "attention/naive/values"],
      claims: [
        { counter: "asked", of: "scores", before: 98304, after: 0, formula: "24 · t · s → 0" },
        { counter: "operations", of: "fma", before: 524288, after: 399360 },
      ],
      bug: {
        from: "let state = with_sink(h, largest, sum);",
        to: "let state = with_sink(h, own_largest, sum);",
        breaks: "result",
        why: "Weights are relative to the largest score of one thread, their sum to that of all.",
      },
    },
    {
      kernel: "attention/rows",
      idea: "scores are computed once, with an online softmax",
      at,
      claims: [{ counter: "reads", of: "k", before: 65, after: 32.5, formula: "→ half" }],
      bug: {
        from: "run_sum = run_sum * rescale + weight;",
        to: "run_sum = run_sum + weight;",
        breaks: "result",
        why: "Weights that were relative to a smaller maximum stay too large.",
      },
    },
    {
      kernel: "ladders/attention/rows",
      idea: "a thread for each query, not a workgroup: no thread waits, but each reads all keys for itself",
      at,
      claims: [
        { counter: "barriers", before: 19, after: 0 },
        { counter: "reads", of: "k", before: 32.5, after: 32.5, formula: "(s + 1) / 2, as before" },
      ],
      bug: {
        from: "sum = sum * rescale + weight;",
        to: "sum = sum + weight;",
        breaks: "result",
        why: "Weights that were relative to a smaller maximum stay too large.",
      },
    },
    {
      kernel: "ladders/attention/tile",
      idea: "a tile of keys serves all queries of a workgroup",
      at,
      claims: [
        { counter: "reads", of: "k", before: 32.5, after: 1, formula: "→ 1 for each workgroup" },
        { counter: "reads", of: "v", before: 32.5, after: 1 },
      ],
      bug: {
        from: "    workgroupBarrier();  // the tile before this one has been read\n",
        to: "",
        breaks: "race",
        why: "The next tile is stored while other threads still read this one.",
      },
    },
    {
      kernel: "attention/flash-plain",
      idea: "flash attention, and nothing else: sums are rescaled once for a tile, not for every key",
      at: { ...at, constants: { KEYS: 32 } },
      claims: [{ counter: "operations", of: "exp", before: 4160, after: 2208, formula: "2 a score → 1 + 1 / KEYS" }],
      bug: {
        from: "sum = sum * rescale + tile_sum;",
        to: "sum = sum + tile_sum;",
        breaks: "result",
        why: "Weights of earlier tiles that were relative to a smaller maximum stay too large.",
        sizes: { keys: 40 },
      },
    },
    {
      kernel: "ladders/attention/transposed",
      idea: "keys are transposed in the tile: a thread adds up the scores of four keys at once",
      at,
      claims: [
        { counter: "operations", of: "+", before: 16704, after: 10400, formula: "3 a score less" },
        { counter: "ways", of: "k_tile", before: 1, after: 8 },
      ],
      bug: {
        from: "let columns = transpose(keys);",
        to: "let columns = keys;",
        breaks: "result",
        why: "The tile has keys where columns of four keys are read.",
      },
    },
    {
      kernel: "ladders/attention/swizzled",
      idea: "rows of the tile are permuted, so that threads store in different banks",
      at,
      claims: [
        { counter: "ways", of: "k_tile", before: 8, after: 1 },
        { counter: "memory", before: 16384, after: 16384 },
      ],
      bug: {
        from: "k_tile[k_index(j % VECTORS, c, j / VECTORS)] = columns[c];",
        to: "k_tile[(c * VECTORS + j % VECTORS) * FOURS + j / VECTORS] = columns[c];",
        breaks: "result",
        why: "Groups of keys are stored in order and read as if they were permuted.",
      },
    },
    {
      kernel: "ladders/attention/halves",
      idea: "keys and values of f16, in memory and in the tile",
      at,
      claims: [
        { counter: "asked", of: "k", before: 16384, after: 8192, formula: "4 · s · d → 2 · s · d" },
        { counter: "memory", before: 16384, after: 8192 },
        { counter: "ways", of: "k_tile", before: 1, after: 1 },
      ],
      bug: {
        from: "v_tile[(key - begin) * VECTORS + j % VECTORS]",
        to: "v_tile[key * VECTORS + j % VECTORS]",
        breaks: "out of bounds",
        why: "Values of the second tile and later ones are stored after the end of the tile.",
      },
    },
    {
      kernel: "ladders/attention/double-buffer",
      idea: "the next tile is loaded while this one is used",
      at,
      claims: [
        { counter: "barriers", before: 4, after: 2, formula: "2s / KEYS → s / KEYS" },
        { counter: "memory", before: 8192, after: 16384 },
      ],
      bug: {
        from: "    tile = 1 - tile;\n",
        to: "",
        breaks: "race",
        why: "The next tile is stored where other threads still read this one.",
      },
    },
    {
      kernel: "attention/flash",
      idea: "register tiles, as in gemm/registers-2d; masks, scores and layouts of models are parts",
      at,
      than: ["attention/flash-plain"],
      claims: [{ counter: "shared", before: 4, after: 0.766 }],
      bug: {
        from: "sums[r] = sums[r] * rescale + tile_sum;",
        to: "sums[r] = sums[r] + tile_sum;",
        breaks: "result",
        why: "Weights of earlier tiles that were relative to a smaller maximum stay too large.",
      },
    },
    {
      kernel: "attention/split-k/parts",
      idea: "few queries: workgroups share the keys of a row",
      bug: {
        from: "      sums[f] *= rescale;\n",
        to: "",
        breaks: "result",
        why: "Weights of earlier keys that were relative to a smaller maximum stay too large.",
      },
    },
    {
      kernel: "attention/split-k/join",
      idea: "their parts are joined, each by its share",
      bug: {
        from: "let weight = softmax_rescale(stat.x, largest);",
        to: "let weight = 1.0;",
        breaks: "result",
        why: "Parts are relative to maxima of their own, and do not go together as they are.",
      },
    },
    {
      kernel: "attention/subgroups",
      idea: "a subgroup in place of a workgroup: shuffles, no barriers",
      at,
      than: ["attention/flash"],
      claims: [
        { counter: "barriers", before: 14, after: 0 },
        { counter: "memory", before: 16384, after: 0 },
      ],
      bug: {
        from: "      new_largest = subgroupMax(new_largest);\n",
        to: "",
        breaks: "result",
        why: "Threads weigh their keys by maxima of their own, and these weights do not go together.",
      },
    },
  ],
};
