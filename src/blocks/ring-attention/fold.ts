import type { Gpu } from "../../gpu/gpu.ts";
import { attention } from "../../kernels/attention/attention.ts";
import { mergeAttention } from "../../kernels/attention/merge.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { slice, transpose } from "../../tensor/views.ts";
import type { BlockOptions, RingSizes } from "./options.ts";
import type { RingBlock, TokenRun } from "./schedule.ts";

/** A partial result for one run of queries. */
interface State {
  readonly out: Tensor;
  readonly lse: Tensor;
}

/** The tokens of a run as a view of `[b, heads, tokens, d]`, which starts at the sequence's first token. */
export function tokensOf(x: Tensor, { first, stride, count }: Omit<TokenRun, "at">): Tensor {
  const reach = slice(x, 2, first, first + (count - 1) * stride + 1);
  const [batch = 0, head = 0, token = 0, column = 0] = reach.strides;
  const shape = reach.shape.with(2, count);
  return new Tensor(x.gpu, shape, x.dtype, reach.segments, [batch, head, token * stride, column], reach.offset);
}

/** One block: attention of a run of queries over a run of keys, views in `[b, heads, tokens, d]`. */
export function attendBlock(
  gpu: Gpu,
  tensors: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  { relation, start }: RingBlock,
  { score, scale, variant }: BlockOptions,
): State {
  const { out, lse } = attention(gpu, tensors, {
    mask: relation === "causal" ? "causal" : "full",
    start,
    lse: true,
    ...(score === undefined ? {} : { score }),
    ...(scale === undefined ? {} : { scale }),
    ...(variant === undefined ? {} : { variant }),
  });
  return { out, lse: lse as Tensor };
}

/** Partial results of one run of queries. */
export interface Fold {
  add(block: RingBlock, state: State): void;
  /** The merged result; zeros and −∞ where no key was visible. Partial results are disposed. */
  finish(): State;
}

/**
 * Merges the partial results of a run of queries: on arrival, or at the end in the order of their keys. Tensors outlive
 * the scope in which they are added.
 */
export function foldStates(gpu: Gpu, run: TokenRun, { b, h, dv }: RingSizes, { merge = "shard" }: BlockOptions): Fold {
  const parts: { readonly first: number; readonly state: State }[] = [];
  const keep = ({ out, lse }: State, scope: ReturnType<Gpu["scope"]>): State => ({
    out: scope.keep(out),
    lse: scope.keep(lse),
  });
  const merged = (left: State, right: State): State => {
    using scope = gpu.scope();
    const both = keep(mergeAttention(gpu, { left, right }), scope);
    for (const { out, lse } of [left, right]) {
      out.dispose();
      lse.dispose();
    }
    return both;
  };
  return {
    add({ keys }, state) {
      const [before] = parts;
      if (merge === "arrival" && before) parts.splice(0, 1, { first: 0, state: merged(before.state, state) });
      else parts.push({ first: keys.first, state });
    },
    finish() {
      const [first, ...others] = parts.sort((x, y) => x.first - y.first).map(({ state }) => state);
      if (first) return others.reduce(merged, first);
      const out = fill(gpu, [b, run.count, h, dv], 0);
      return {
        out: transpose(out, [0, 2, 1, 3]),
        lse: fill(gpu, [b, h, run.count], Number.NEGATIVE_INFINITY),
      };
    },
  };
}
