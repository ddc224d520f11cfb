import source from "#shaders/attention/merge.wgsl";
import vectorFour from "#shaders/lib/vector/four.wgsl";
import vectorOne from "#shaders/lib/vector/one.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, object, required } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import { checkCall, intoOf, optionalTensor, tensorCheck } from "../define/arguments.ts";
import { defineKernel, type KernelContext } from "../define/kernel.ts";

/** The state of attention over some of the keys, enough to merge with others; views whose last axis is contiguous. */
export interface AttentionState {
  /** Weighted means of the values `[b, h, t, dv]`. */
  readonly out: Tensor;
  /** Natural logarithms of the sums of exponentials `[b, h, t]`; −∞ where no key was seen. */
  readonly lse?: Tensor;
}

/** Options of a merge. */
export interface MergeOptions {
  /** Memory for the results: out in the kernels' order `[b, t, h, dv]`, and lse `[b, h, t]`. */
  readonly into?: { readonly out?: Tensor; readonly lse?: Tensor };
}

const state = required(object<AttentionState>({ out: tensorCheck, lse: optionalTensor }));
const states = fieldsOf<{ left: AttentionState; right: AttentionState }>({ left: state, right: state });
const fields = fieldsOf<MergeOptions>({ into: intoOf("out", "lse") });

/** Elements of a vector of out: four where the rows of both sides consist of such vectors. */
const widthOf = (dv: number, { strides, offsets }: KernelContext) => {
  const places = ["left", "right"].flatMap((name) => [offsets[name] ?? 0, ...(strides[name] ?? []).slice(0, 3)]);
  return [dv, ...places].every((place) => place % 4 === 0) ? 4 : 1;
};

const viewsOf = ({ strides, offsets }: KernelContext) =>
  Object.fromEntries(
    Object.entries({ left: "left", leftLse: "left_lse", right: "right", rightLse: "right_lse" }).flatMap(
      ([tensor, prefix]) => {
        const [batch = 0, head = 0, token = 0] = strides[tensor] ?? [];
        const fields = { first: offsets[tensor] ?? 0, batch, head, token };
        return Object.entries(fields).map(([field, value]) => [`${prefix}_${field}`, value] as const);
      },
    ),
  );

const kernel = defineKernel({
  name: "attention/merge",
  source,
  inputs: { left: "[b, h, t, dv]", leftLse: "[b, h, t]", right: "[b, h, t, dv]", rightLse: "[b, h, t]" },
  outputs: { out: "[b, t, h, dv]", lse: "[b, h, t]" },
  strided: ["left", "leftLse", "right", "rightLse"],
  params: ({ b, h, t, dv }, _options: MergeOptions, context) => {
    const vectors = dv / widthOf(dv, context);
    return { h, t, vectors, size: b * h * t * vectors };
  },
  uniforms: (_axes, _options, context) => ({ views: viewsOf(context) }),
  specialise: ({ dv }, _options, context) => ({
    parts: [widthOf(dv, context) === 4 ? vectorFour : vectorOne],
  }),
  threads: ({ b, h, t, dv }, _options, context) => (b * h * t * dv) / widthOf(dv, context),
  cost: ({ b, h, t, dv }, _options, context) => ({
    flops: b * h * t * (3 * dv + 4),
    requestedBytes: 4 * b * h * t * (3 * dv + (2 * dv) / widthOf(dv, context) + 1),
  }),
});

/**
 * Attention over two sets of keys from attention over each: out and lse of their union. With M the larger lse and
 * w = exp(lse − M), `out = (w₁ · out₁ + w₂ · out₂) / (w₁ + w₂)` and `lse = M + log(w₁ + w₂)` (Rabe and Staats 2021,
 * section 3; the attention state of FlashInfer, Ye et al. 2025, section 2.2).
 *
 * Both sides have out `[b, h, t, dv]` and lse `[b, h, t]`, as {@link attention} returns them with `lse: true`; so does
 * the result, whose out is a view of memory `[b, t, h, dv]`. Bitwise commutative, associative up to rounding; a side
 * with an lse of −∞ changes nothing, two of them give zeros and −∞. Throws `ShapeError` for shapes that differ and a
 * missing lse.
 */
export function mergeAttention(
  gpu: Gpu,
  sides: { readonly left: AttentionState; readonly right: AttentionState },
  options: MergeOptions = {},
): { readonly out: Tensor; readonly lse: Tensor } {
  checkCall("mergeAttention", states, sides, fields, options);
  const { left, right } = sides;
  for (const [name, { out, lse }] of Object.entries({ left, right })) {
    if (!lse) throw new ShapeError(`mergeAttention: ${name} has no lse; call attention with lse: true`);
    if ((out.shape[3] ?? 1) > 1 && out.strides[3] !== 1) {
      throw new ShapeError(
        `mergeAttention: ${name}.out has strides ${formatShape(out.strides)}, expected 1 for its last axis; call ` +
          "contiguous first",
      );
    }
  }
  const { lse: leftLse, out: leftOut } = left as Required<AttentionState>;
  const { lse: rightLse, out: rightOut } = right as Required<AttentionState>;
  const { out, lse } = gpu.group({ op: "mergeAttention", variant: "merge", options: {}, tensors: sides }, () =>
    kernel(gpu, { left: leftOut, leftLse, right: rightOut, rightLse }, options),
  );
  return { out: transpose(out, [0, 2, 1, 3]), lse };
}
