// Which figures of each kernel's cost the interpreter's count is held against, and why where one is not.

/**
 * The figure of operations: `all` that are counted; `products`, those of multiply-adds, where the figure leaves out what
 * surrounds the products (unpacking weights, joining sums, the softmax of attention); or why it is not compared.
 */
type Operations = "all" | "products" | { readonly not: string };

/** How a kernel's figures are compared. */
export interface Figures {
  readonly operations: Operations;
  /** Why requested bytes are not compared, where they are not. */
  readonly bytes?: { readonly not: string };
}

const all: Figures = { operations: "all" };
const products: Figures = { operations: "products" };
const integers: Figures = { operations: { not: "it computes with integers, which the figure leaves out or counts" } };
const padded = "the figure leaves out the padding of blocks of rows, which only the GPU knows, and ids of slots";
const routed: Figures = { operations: { not: padded }, bytes: { not: padded } };
const pastTheEnd: Figures = {
  operations: { not: "the kernel also squares what is past the end of a row in its registers" },
};
const exponentials = "the figure leaves out what marks the target and the padding";
const branches = "what it computes depends on the values";

/** The figures of every kernel, by file. */
export const figures: Readonly<Record<string, Figures>> = {
  "attention/block-map/classify": all,
  "attention/block-map/list": all,
  "attention/flash": products,
  "attention/merge": { operations: { not: "weights of the two sides, which the figure counts for each column" } },
  "attention/naive/scores": products,
  "attention/naive/softmax": { operations: { not: "the figure counts four an element, the kernel skips hidden keys" } },
  "attention/naive/values": products,
  "attention/rows": products,
  "attention/split-k/join": { operations: { not: "weights of the splits, which the figure counts for each column" } },
  "attention/split-k/parts": products,
  "attention/subgroups": products,
  "attention/two-pass": products,
  "cross-entropy/backward/lanes": { operations: { not: exponentials } },
  "cross-entropy/backward/naive": { operations: { not: exponentials } },
  "cross-entropy/count": { operations: { not: "it counts integers" } },
  "cross-entropy/mean": all,
  "cross-entropy/naive": { operations: { not: exponentials } },
  "cross-entropy/online": { operations: { not: exponentials } },
  "elementwise/binary": all,
  "elementwise/cast": all,
  "elementwise/fill": all,
  "elementwise/gated": all,
  "elementwise/gated-backward": all,
  "elementwise/map": all,
  "elementwise/map-backward": all,
  "elementwise/random": { operations: { not: "the figure leaves out what makes numbers of random bits" } },
  "elementwise/softcap": all,
  "elementwise/softcap-backward": all,
  "elementwise/where": all,
  "embedding/gather": { operations: { not: "the figure leaves out how a packed row is unpacked" } },
  "gemm/coalesced": all,
  "gemm/double-buffer": all,
  "gemm/naive": all,
  "gemm/padded": all,
  "gemm/registers-1d": all,
  "gemm/registers-2d": all,
  "gemm/split-k/join": all,
  "gemm/split-k/parts": all,
  "gemm/subgroups": all,
  "gemm/tiled": all,
  "gemm/vectors": all,
  "kv-cache/append": all,
  "kv-cache/append-quantised": { operations: { not: branches } },
  "kv-cache/append-rotated": all,
  "kv-cache/copy-rows": { operations: all.operations, bytes: { not: branches } },
  "kv-cache/ring-positions": all,
  "layout/copy": all,
  "linear-attention/read-out": products,
  "linear-attention/running-sums": { operations: { not: "the figure counts sums, the kernel has more of its own" } },
  "linear-attention/states": products,
  "matmul/heads": all,
  "matmul/int8/product": integers,
  "matmul/int8/quantise": all,
  "matmul/naive": all,
  "matmul/register": products,
  "matmul/subgroups": all,
  "matmul/tiled": all,
  "matmul/vector": products,
  "matmul/vector-subgroups": products,
  "moe/align/count": routed,
  "moe/align/naive": routed,
  "moe/align/place": routed,
  "moe/align/scan": routed,
  "moe/choose": integers,
  "moe/combine": all,
  "moe/gather": all,
  "moe/grouped": routed,
  "moe/route": { operations: { not: branches }, bytes: { not: branches } },
  "moe/spread": all,
  "moe/subgroups": routed,
  "moe/vector": { operations: "products", bytes: { not: "the figure leaves out the ids of experts" } },
  "norm/layer-norm": all,
  "norm/layer-norm-backward": all,
  "norm/layer-norm-backward-registers": pastTheEnd,
  "norm/layer-norm-backward-subgroups": all,
  "norm/layer-norm-registers": pastTheEnd,
  "norm/layer-norm-subgroups": all,
  "norm/parameter-gradients": all,
  "norm/rms-norm": all,
  "norm/rms-norm-backward": all,
  "norm/rms-norm-backward-registers": pastTheEnd,
  "norm/rms-norm-backward-subgroups": all,
  "norm/rms-norm-registers": pastTheEnd,
  "norm/rms-norm-subgroups": all,
  "peaks/copy": all,
  "peaks/increment": all,
  "peaks/multiply-add": products,
  "peaks/read": all,
  "peaks/workgroup-memory": all,
  "reduce/magnitude": all,
  "reduce/segments": all,
  "reduce/thread": all,
  "reduce/workgroup": all,
  "rope/rotate": all,
  "sampling/accept-drafts": { operations: { not: branches }, bytes: { not: branches } },
  "sampling/argmax": all,
  "sampling/beam-totals": all,
  "sampling/merge-beams": { operations: all.operations, bytes: { not: branches } },
  "sampling/penalise": { operations: { not: branches } },
  "sampling/restrict": all,
  "sampling/sample": { operations: { not: branches }, bytes: { not: branches } },
  "sampling/token-logprobs": all,
  "sampling/token-weights": { operations: { not: branches }, bytes: { not: branches } },
  "sampling/top-logprobs": all,
  "sampling/top-tokens": all,
  "softmax/normalise": all,
  "softmax/online": all,
  "softmax/registers": all,
  "softmax/row-max": all,
  "softmax/row-sum": all,
  "softmax/subgroup-registers": all,
  "softmax/subgroups": all,
  "softmax/workgroup": all,
};
