import type { Tensor } from "../../../tensor/tensor.ts";
import type { CustomMask } from "../custom/custom.ts";

/** The last `keys` keys up to and including the query's own: `0 <= q − k < keys` (Mistral; FlashAttention's W + 1). */
export interface SlidingWindowMask {
  readonly kind: "sliding-window";
  readonly keys: number;
}

/** Up to `left` keys before the query and `right` behind it: `−left <= k − q <= right`, for encoders. */
export interface LocalMask {
  readonly kind: "local";
  readonly left: number;
  readonly right: number;
}

/** A causal window and the first `sinks` keys beside it (StreamingLLM, Xiao et al. 2024, section 3.2). */
export interface SinkWindowMask {
  readonly kind: "sink-window";
  readonly sinks: number;
  readonly keys: number;
}

/** Causal, and the first `keys` keys for everybody (prefix-LM; Raffel et al. 2020, section 3.2.1). */
export interface PrefixMask {
  readonly kind: "prefix";
  readonly keys: number;
}

/**
 * Keys of the query's own document, in sequences packed together; `and` causal for decoders. `documents` u32 `[b, s]`
 * says which document each position belongs to; positions outside of it belong to none.
 */
export interface DocumentMask {
  readonly kind: "document";
  readonly documents: Tensor;
}

/**
 * The first `prefix` keys for everybody, and causal inside of the query's own branch: `k < prefix ∨ (branch(q) =
 * branch(k) ∧ k <= q)`, one prompt with many answers (flash-attention issue 1605). `branches` is u32 `[b, s]`. `and`
 * causal where queries of the prefix itself must not see ahead.
 */
export interface SharedPrefixMask {
  readonly kind: "shared-prefix";
  readonly prefix: number;
  readonly branches: Tensor;
}

/**
 * Blocks of `size` queries by `size` keys, where `map` u32 `[b or 1, h or 1, rows, columns]` is not 0, by absolute
 * positions; nothing outside of the map.
 */
export interface BlockSparseMask {
  readonly kind: "block-sparse";
  readonly map: Tensor;
  readonly size: number;
}

/** The paper's two factors of a sparse pattern, or both in one head. */
export type SparseSet = 1 | 2 | "merged";

/**
 * Strided attention of the Sparse Transformer (Child et al. 2019, section 4.3), causal: set 1 the last keys, set 2
 * every `stride`-th key before the query, `(q − k) mod stride = 0`; default merged. In the paper set 1 reaches back to
 * `q − stride`, which is `stride + 1` keys; in the released code ("local") it has `stride` keys. Default "paper".
 */
export interface StridedMask {
  readonly kind: "strided";
  readonly stride: number;
  readonly set?: SparseSet;
  readonly definition?: "paper" | "code";
}

/**
 * Fixed attention of the Sparse Transformer (Child et al. 2019, section 4.3), causal: set 1 the query's own block of
 * `stride` keys, set 2 the last `summary` keys of every block; default merged. In the released code heads take turns:
 * head h has the `summary` keys that end `(h mod turns)·summary` before the end of a block (its `num_verts`, 4, of
 * `vertsize` blocks of 32), and there is no other set than merged. Default "paper", in which `turns` is 1.
 */
export interface FixedMask {
  readonly kind: "fixed";
  readonly stride: number;
  readonly summary: number;
  readonly set?: SparseSet;
  readonly definition?: "paper" | "code";
  readonly turns?: number;
}

/** Every `dilation`-th of the last `keys` keys: `0 <= q − k < keys ∧ (q − k) mod dilation = 0` (Longformer). */
export interface DilatedWindowMask {
  readonly kind: "dilated-window";
  readonly keys: number;
  readonly dilation: number;
}

/** Causal inside of chunks of `keys` positions (Llama 4's local layers). */
export interface ChunkedMask {
  readonly kind: "chunked";
  readonly keys: number;
}

/** Keys `ranges[b, 0]` up to but not including `ranges[b, 1]`, u32 `[b, 2]`: padding on the left, the right or both. */
export interface KeyPaddingMask {
  readonly kind: "key-padding";
  readonly ranges: Tensor;
}

/** Where `keep` u32 `[b or 1, h or 1, t, s]` is not 0; its rows are the call's queries, whatever their positions. */
export interface BooleanMask {
  readonly kind: "boolean";
  readonly keep: Tensor;
}

/** The masks that have parameters, by their `kind`. */
export type MaskRecord =
  | SlidingWindowMask
  | LocalMask
  | SinkWindowMask
  | PrefixMask
  | DocumentMask
  | SharedPrefixMask
  | BlockSparseMask
  | StridedMask
  | FixedMask
  | DilatedWindowMask
  | ChunkedMask
  | KeyPaddingMask
  | BooleanMask;

/**
 * Which keys a query sees, by absolute positions; `and` for what all of several masks show, `or` for what any of them
 * does.
 */
export type AttentionMask =
  | "full"
  | "causal"
  | MaskRecord
  | CustomMask
  | { readonly and: readonly AttentionMask[] }
  | { readonly or: readonly AttentionMask[] };
