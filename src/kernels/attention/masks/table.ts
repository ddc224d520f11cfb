import masksBlockSparse from "#shaders/attention/masks/block-sparse.wgsl";
import masksBoolean from "#shaders/attention/masks/boolean.wgsl";
import masksChunked from "#shaders/attention/masks/chunked.wgsl";
import masksDilatedWindow from "#shaders/attention/masks/dilated-window.wgsl";
import masksDocument from "#shaders/attention/masks/document.wgsl";
import masksFixed from "#shaders/attention/masks/fixed.wgsl";
import masksKeyPadding from "#shaders/attention/masks/key-padding.wgsl";
import masksLocal from "#shaders/attention/masks/local.wgsl";
import masksPrefix from "#shaders/attention/masks/prefix.wgsl";
import masksSharedPrefix from "#shaders/attention/masks/shared-prefix.wgsl";
import masksSinkWindow from "#shaders/attention/masks/sink-window.wgsl";
import masksSlidingWindow from "#shaders/attention/masks/sliding-window.wgsl";
import masksStrided from "#shaders/attention/masks/strided.wgsl";
import type { ShaderModule } from "../../../gpu/shader-module.ts";
import { formatShape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { Brought } from "../../kernel.ts";
import { broadcast } from "../broadcast.ts";
import { checkCount, type KeyRange } from "../mod.ts";
import { inBand, inStep, until } from "./counts.ts";
import type { FixedMask, MaskRecord, StridedMask } from "./kinds.ts";

/** What is to be known of a kind of mask; its definition is the WGSL part, and `src/reference/masks.ts`. */
export interface MaskKind<M> {
  /** Its part, of `shaders/attention/masks`. */
  readonly part: ShaderModule | ((mask: M) => ShaderModule);
  /** Fields of `mask_params`. */
  readonly params?: (mask: M) => Readonly<Record<string, number>>;
  readonly tensors?: (mask: M) => Readonly<Record<string, Brought>>;
  /** Throws `ShapeError` for parameters that make no sense. */
  readonly check?: (mask: M) => void;
  readonly byHead?: (mask: M) => boolean;
  /** True if the keys of a query are all those of its range. */
  readonly closed?: boolean | ((mask: M) => boolean);
  /** The keys that queries `first` to `last` may see, if there were any number of them. */
  readonly range: (mask: M, first: number, last: number) => KeyRange;
  /** Keys that a query sees where the mask is not closed. */
  readonly count?: (mask: M, query: number, keys: number, head: number) => number;
}

const everything: KeyRange = [0, Number.POSITIVE_INFINITY];
const past = (last: number): KeyRange => [0, last + 1];
const u32 = (tensor: Tensor, pattern: string): Brought => ({ tensor, pattern, types: ["u32"] });

const windowOf = ({ stride, set = "merged", definition = "paper" }: StridedMask) =>
  set === 2 ? 0 : definition === "paper" ? stride + 1 : stride;

/** Where in a block of `stride` keys the summary of a head lies. */
function summaryOf({ stride, summary, turns = 1 }: FixedMask, head: number): KeyRange {
  const end = stride - (head % turns) * summary;
  return [end - summary, end];
}

/** A fixed mask with what its definition says. */
function settled(mask: FixedMask): FixedMask {
  return mask.definition === "code" ? { ...mask, turns: mask.turns ?? 4 } : mask;
}

/** Every kind of mask that has parameters. */
export const maskKinds: { readonly [K in MaskRecord["kind"]]: MaskKind<Extract<MaskRecord, { kind: K }>> } = {
  "sliding-window": {
    part: masksSlidingWindow,
    params: ({ keys }) => ({ keys }),
    check: ({ keys }) => checkCount("a window of # keys", keys, 1),
    closed: true,
    range: ({ keys }, first, last) => [first - keys + 1, last + 1],
  },
  local: {
    part: masksLocal,
    params: ({ left, right }) => ({ left, right }),
    check: ({ left, right }) => {
      checkCount("# keys to the left", left, 0);
      checkCount("# keys to the right", right, 0);
    },
    closed: true,
    range: ({ left, right }, first, last) => [first - left, last + right + 1],
  },
  "sink-window": {
    part: masksSinkWindow,
    params: ({ sinks, keys }) => ({ sinks, keys }),
    check: ({ sinks, keys }) => {
      checkCount("# sinks", sinks, 0);
      checkCount("a window of # keys", keys, 1);
    },
    range: ({ sinks, keys }, first, last) => (sinks > 0 ? past(last) : [first - keys + 1, last + 1]),
    count: ({ sinks, keys }, query, length) => {
      const end = until(query, length);
      const begin = Math.min(Math.max(0, query - keys + 1), end);
      return end - begin + Math.min(sinks, begin);
    },
  },
  prefix: {
    part: masksPrefix,
    params: ({ keys }) => ({ keys }),
    check: ({ keys }) => checkCount("a prefix of # keys", keys, 0),
    closed: true,
    range: ({ keys }, _first, last) => [0, Math.max(last + 1, keys)],
  },
  document: {
    part: masksDocument,
    params: ({ documents }) => ({ s: documents.shape[1] ?? 0 }),
    tensors: ({ documents }) => ({ documents: u32(documents, "[b, s]") }),
    range: () => everything,
  },
  "shared-prefix": {
    part: masksSharedPrefix,
    params: ({ prefix, branches }) => ({ prefix, s: branches.shape[1] ?? 0 }),
    tensors: ({ branches }) => ({ branches: u32(branches, "[b, s]") }),
    check: ({ prefix }) => checkCount("a prefix of # keys", prefix, 0),
    range: ({ prefix }, _first, last) => [0, Math.max(last + 1, prefix)],
  },
  "block-sparse": {
    part: masksBlockSparse,
    params: ({ map, size }) => {
      const { batch, head } = broadcast(map);
      return { batch, head, rows: map.shape[2] ?? 0, columns: map.shape[3] ?? 0, size };
    },
    tensors: ({ map }) => ({ block_flags: u32(map, broadcast(map).pattern) }),
    check: ({ size, map }) => {
      checkCount("blocks of # keys", size, 1);
      if (map.size === 0)
        throw new ShapeError(`attention: a block map ${formatShape(map.shape)}, expected some blocks`);
    },
    byHead: ({ map }) => (map.shape[1] ?? 1) > 1,
    range: ({ map, size }) => [0, (map.shape[3] ?? 0) * size],
  },
  strided: {
    part: ({ set }) => (set === 1 ? masksSlidingWindow : masksStrided),
    params: (mask) => (mask.set === 1 ? { keys: windowOf(mask) } : { stride: mask.stride, keys: windowOf(mask) }),
    check: ({ stride }) => checkCount("a stride of # keys", stride, 1),
    closed: ({ set }) => set === 1,
    range: (mask, first, last) => (mask.set === 1 ? [first - windowOf(mask) + 1, last + 1] : past(last)),
    count: (mask, query, keys) => {
      const end = until(query, keys);
      const begin = Math.min(Math.max(0, query - windowOf(mask) + 1), end);
      return end - begin + inStep(0, begin, query, mask.stride);
    },
  },
  fixed: {
    part: ({ set }) => (set === 1 ? masksChunked : masksFixed),
    params: (mask) => {
      const { stride, summary, set = "merged", turns = 1 } = settled(mask);
      return set === 1 ? { keys: stride } : { stride, summary, turns, own: set === 2 ? 0 : 1 };
    },
    check: (mask) => {
      const { stride, summary, set, definition, turns = 1 } = settled(mask);
      checkCount("a stride of # keys", stride, 1);
      checkCount("a summary of # keys", summary, 1);
      checkCount("# turns", turns, 1);
      if (summary * turns > stride) {
        throw new ShapeError(
          `attention: ${turns} summaries of ${summary} keys, expected them to fit into a block of ${stride}`,
        );
      }
      if (definition === "code" && set !== undefined && set !== "merged") {
        throw new ShapeError(
          `attention: set ${set} of the fixed pattern, expected merged: the released code has no other`,
        );
      }
    },
    byHead: (mask) => mask.set !== 1 && (settled(mask).turns ?? 1) > 1,
    closed: ({ set }) => set === 1,
    range: ({ set, stride }, first, last) => (set === 1 ? [Math.floor(first / stride) * stride, last + 1] : past(last)),
    count: (mask, query, keys, head) => {
      const { stride, set } = mask;
      const end = until(query, keys);
      const own = set === 2 ? end : Math.min(Math.floor(query / stride) * stride, end);
      return end - own + inBand(own, summaryOf(settled(mask), head), stride);
    },
  },
  "dilated-window": {
    part: masksDilatedWindow,
    params: ({ keys, dilation }) => ({ keys, dilation }),
    check: ({ keys, dilation }) => {
      checkCount("a window of # keys", keys, 1);
      checkCount("a dilation of #", dilation, 1);
    },
    closed: ({ dilation }) => dilation === 1,
    range: ({ keys }, first, last) => [first - keys + 1, last + 1],
    count: ({ keys, dilation }, query, length) =>
      inStep(Math.max(0, query - keys + 1), until(query, length), query, dilation),
  },
  chunked: {
    part: masksChunked,
    params: ({ keys }) => ({ keys }),
    check: ({ keys }) => checkCount("chunks of # keys", keys, 1),
    closed: true,
    range: ({ keys }, first, last) => [Math.floor(first / keys) * keys, last + 1],
  },
  "key-padding": {
    part: masksKeyPadding,
    tensors: ({ ranges }) => ({ key_ranges: u32(ranges, "[b, 2]") }),
    closed: true,
    range: () => everything,
  },
  boolean: {
    part: masksBoolean,
    params: ({ keep }) => {
      const { batch, head } = broadcast(keep);
      return { batch, head, s: keep.shape[3] ?? 0 };
    },
    tensors: ({ keep }) => ({ keep: u32(keep, broadcast(keep, "t", "s").pattern) }),
    byHead: ({ keep }) => (keep.shape[1] ?? 1) > 1,
    range: () => everything,
  },
};
