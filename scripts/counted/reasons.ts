// Why accesses above the limits of docs/counted.md stay as they are.

const next = "a thread's next accesses have the rest of each sector, from the cache";
const tried = (sharing: string, factor: number) =>
  `${next}; tried with 8 threads a ${sharing}: ${factor} times the time on llvmpipe`;
const order = "a thread has a run of neighbouring tokens, so that sums and places keep their order";
const pair = "two accesses in a row have half of each sector each";
const rung = "a rung of the ladder, which a later one mends";
const data = "the addresses depend on the data";
const small = `a few kilobytes in all; ${next}`;
const alternating = "gates and ups of the experts alternate in memory";
const padding = "padded, the shares of 240 experts would not fit workgroup memory";

/** By kernel, kind and name. */
export const reasons: Readonly<Record<"buffers" | "workgroupMemory", Readonly<Record<string, string>>>> = {
  buffers: {
    "alignment/scores: load keys": `${next}; each is followed by a tanh`,
    "attention/backward/stats: load dout": tried("row", 3.2),
    "attention/backward/stats: load out": tried("row", 3.2),
    "attention/flash: load q": `tiles of keys and weights fill workgroup memory; ${next}`,
    "attention/flash-plain: load q": `each sector once; ${next}`,
    "attention/flash-plain: store out": rung,
    "attention/naive/scores: load k": rung,
    "attention/rows: load k": rung,
    "attention/split-k/parts: load k": `${next}; tried in tiles of workgroup memory: 1.7 of the time on llvmpipe`,
    "attention/split-k/parts: load kScale": next,
    "attention/backward/weights: load k": rung,
    "attention/two-pass: load k": rung,
    "elementwise/binary: load a": alternating,
    "elementwise/cast: load x": pair,
    "elementwise/gated: load gate": alternating,
    "elementwise/random: store y": pair,
    "embedding/sort/count: load ids": data,
    "embedding/sort/place: load chunk_counts": data,
    "embedding/sort/place: store sorted": data,
    "gemm/naive: load a": rung,
    "kv-cache/append-quantised: load k": tried("block", 10),
    "kv-cache/append-quantised: load v": tried("block", 10),
    "layout/copy: load x": "it copies any strides; only transposed matrices could go through tiles",
    "layout/copy: store y": alternating,
    "linear-attention/read-out: load k": tried("key", 1.4),
    "linear-attention/read-out: load states": "rows of 65 numbers begin anywhere in a sector",
    "linear-attention/states: store states": "rows of 65 numbers begin anywhere in a sector",
    "matmul/heads: load weight": tried("number of the result", 2),
    "matmul/int8/product: load codes": next,
    "matmul/int8/product: load scales": next,
    "matmul/int8/product: load weight": `${next}; tried with loads of four words: twice the time on llvmpipe`,
    "matmul/int8/quantise: load x": next,
    "matmul/int8/quantise: store codes": pair,
    "matmul/naive: load weight": rung,
    "matmul/register: load weight":
      "q4_0: the 32 values of a row that are staged at a time are 16 bytes; the next 32 have the rest",
    "matmul/register: load weight_scales": "q8_0, q4_0: one scale for the 32 values of a row that are staged at a time",
    "matmul/subgroups: load weight": next,
    "matmul/vector-subgroups: load weight": next,
    "moe/align/naive: store slots": data,
    "moe/align/place: store slots": data,
    "moe/align/scan: store block_experts": small,
    "moe/backward/route-lanes: load dweights": small,
    "moe/backward/route-lanes: load experts": small,
    "moe/backward/route-lanes: load logits": small,
    "moe/backward/route-lanes: store dlogits": small,
    "moe/backward/rows: load x": next,
    "moe/backward/statistics-lanes: load logits": small,
    "moe/backward/statistics-lanes: store dlogits": small,
    "moe/balance/statistics-shares: load logits": small,
    "moe/grouped: load weight": `${next}; tried in workgroup memory, as in matmul/register: 1.6 of the time on llvmpipe`,
    "moe/grouped: load x": "as for the weight",
    "moe/grouped: store z": "tried with stores of whole vectors: up to 1.3 of the time on llvmpipe",
    "moe/route: load logits": small,
    "reduce/segments-backward: load x": next,
    "reduce/segments-backward: store dx": next,
    "rope/rotate-vectors: load table": pair,
    "sampling/accept-drafts: load draftWeights": order,
    "sampling/accept-drafts: load weights": order,
    "sampling/sample: load logits": order,
    "sampling/top-logprobs: load logits": order,
    "sampling/top-tokens: load logits": order,
  },
  workgroupMemory: {
    "gemm/registers-2d: load a_tile": rung,
    "moe/balance/statistics-shares: load shares": padding,
    "moe/balance/statistics-shares: store shares": padding,
    "sampling/sample: atomic histogram": data,
    "sampling/token-weights: atomic histogram": data,
    "sampling/top-logprobs: atomic histogram": data,
    "sampling/top-tokens: atomic histogram": data,
  },
};
