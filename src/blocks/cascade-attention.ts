import type { Gpu } from "../gpu/gpu.ts";
import { attention } from "../kernels/attention/attention.ts";
import { mergeAttention } from "../kernels/attention/merge.ts";
import { checkCall, intoOf, optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { fieldsOf, finite, integer, kinds, object, oneOf, positive, required } from "../options/checks.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, transpose } from "../tensor/views.ts";

/** Keys and values; may be views whose last axis is contiguous. */
export interface KeysAndValues {
  readonly k: Tensor;
  readonly v: Tensor;
}

/** The tensors of cascade attention. */
export interface CascadeTensors {
  /** Queries `[b, h, t, d]`; read in place where their memory is `[b, t, h, d]`, else copied once. */
  readonly q: Tensor;
  /** The prefix that all batch rows share: k `[1, g, p, d]`, v `[1, g, p, dv]`. */
  readonly prefix: KeysAndValues;
  /** The rest of each batch row: k `[b, g, s, d]`, v `[b, g, s, dv]`. */
  readonly suffix: KeysAndValues;
  /** Position and length of each batch row within its suffix, u32 `[64, 4]`, as in `attention`. */
  readonly step?: Tensor | undefined;
}

/** Options of cascade attention. Positions and lengths count from the start of the suffix. */
export interface CascadeOptions {
  /** Default causal. The whole prefix is visible either way. */
  readonly mask?: "causal" | "full";
  /** A score that does not depend on positions. */
  readonly score?: "none" | { readonly kind: "softcap"; readonly cap: number };
  /** Factor of the dot product; default 1/√d. */
  readonly scale?: number;
  /** Position of the first query; default `length − t`. */
  readonly start?: number;
  /** Number of keys of the suffix that are used; default s. */
  readonly length?: number;
  /**
   * Variants of attention for the two parts. Default attention's choice, except that the prefix of grouped heads takes
   * `packed` where possible: its tiles hold the queries of all heads that share a key and value head.
   */
  readonly variants?: Partial<Record<"prefix" | "suffix", keyof typeof attention.variants>>;
  /** Memory for the results: out in memory order, `[b, t, h, dv]`, and lse `[b, h, t]`. */
  readonly into?: { readonly out?: Tensor; readonly lse?: Tensor };
}

const part = required(object<KeysAndValues>({ k: tensorCheck, v: tensorCheck }));
const inputs = fieldsOf<CascadeTensors>({ q: tensorCheck, prefix: part, suffix: part, step: optionalTensor });

const variant = oneOf(...Object.keys(attention.variants));
const fields = fieldsOf<CascadeOptions>({
  mask: oneOf("causal", "full"),
  score: Object.assign(kinds({ softcap: { cap: required(positive) } }, "none"), {
    why: "scores that depend on positions differ between prefix and suffix",
  }),
  scale: finite,
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  variants: object<NonNullable<CascadeOptions["variants"]>>({ prefix: variant, suffix: variant }),
  into: intoOf("out", "lse"),
});

/**
 * Attention of a batch whose rows begin with the same keys and values: over that prefix the queries of all rows are
 * computed as one sequence, so that queries that share a tile share each read; over its suffix each row is computed
 * separately; and the two results are merged (cascade inference, Ye et al. 2024 and 2025, section 3.1 of FlashInfer).
 * The result equals attention over the prefix followed by the suffix, up to rounding.
 *
 * Returns out `[b, h, t, dv]`, a view of memory `[b, t, h, dv]`, and lse `[b, h, t]`. With `step`, a row that has ended
 * attends to the prefix only. Throws `ShapeError` for shapes that do not fit, for scores that depend on positions, and
 * for causal queries positioned inside the prefix.
 */
export function cascadeAttention(
  gpu: Gpu,
  tensors: CascadeTensors,
  options: CascadeOptions = {},
): { readonly out: Tensor; readonly lse: Tensor } {
  checkCall("cascadeAttention", inputs, tensors, fields, options);
  const { q, prefix, suffix, step } = tensors;
  const { mask = "causal", score = "none", scale, start, length, variants = {}, into } = options;
  checkCascade({ q, prefix, suffix }, options);
  const [b = 0, h = 0, t = 0] = q.shape;
  const dv = prefix.v.shape[3] ?? 0;
  const both = { score, lse: true, ...(scale === undefined ? {} : { scale }) } as const;
  const heading = {
    op: "cascadeAttention",
    variant: "prefix and suffix",
    options: { mask },
    by: cascadeAttention,
    tensors,
  };
  return gpu.group(heading, () => {
    using scope = gpu.scope();
    const tokens = transpose(q, [0, 2, 1, 3]);
    const packed = tokens.contiguous ? tokens : contiguous(gpu, { x: tokens }).y;
    const queries = transpose(reshape(packed, [1, b * t, h, q.shape[3] ?? 0]), [0, 2, 1, 3]);
    const whole = { ...both, mask: "full" } as const;
    const grouped = h > (prefix.k.shape[1] ?? 0) && fits(gpu, { q: queries, ...prefix }, whole);
    const variant = variants.prefix ?? (grouped ? "packed" : undefined);
    const shared = attention(gpu, { q: queries, ...prefix }, { ...whole, ...(variant ? { variant } : {}) });
    const own = attention(
      gpu,
      { q, ...suffix, ...(step ? { step } : {}) },
      {
        ...both,
        mask,
        ...(start === undefined ? {} : { start }),
        ...(length === undefined ? {} : { length }),
        ...(variants.suffix ? { variant: variants.suffix } : {}),
      },
    );
    const left = {
      out: transpose(reshape(transpose(shared.out, [0, 2, 1, 3]), [b, t, h, dv]), [0, 2, 1, 3]),
      ...(shared.lse ? { lse: transpose(reshape(shared.lse, [h, b, t]), [1, 0, 2]) } : {}),
    };
    const { out, lse } = mergeAttention(gpu, { left, right: own }, into ? { into } : {});
    return { out: scope.keep(out), lse: scope.keep(lse) };
  });
}

/** True where `packed` can take the queries of the prefix. */
const fits = (gpu: Gpu, tensors: Parameters<typeof attention>[1], options: Parameters<typeof attention.survey>[2]) =>
  attention.survey(gpu, tensors, options).get("packed") === undefined;

function checkCascade(
  { q, prefix, suffix }: Omit<CascadeTensors, "step">,
  { mask = "causal", start, length }: CascadeOptions,
): void {
  const fail = (problem: string): never => {
    throw new ShapeError(`cascadeAttention: ${problem}`);
  };
  if (q.shape.length !== 4) fail(`q is ${formatShape(q.shape)}, expected [b, h, t, d]`);
  const [b = 0, , t = 0, d = 0] = q.shape;
  const [, g = 0, s = 0, dv = 0] = suffix.v.shape;
  const expected = {
    "prefix.k": [prefix.k, [1, g, prefix.k.shape[2] ?? 0, d]],
    "prefix.v": [prefix.v, [1, g, prefix.k.shape[2] ?? 0, dv]],
    "suffix.k": [suffix.k, [b, g, s, d]],
    "suffix.v": [suffix.v, [b, g, s, dv]],
  } as const;
  for (const [name, [{ shape }, wanted]] of Object.entries(expected)) {
    if (formatShape(shape) !== formatShape(wanted)) {
      const given = `q ${formatShape(q.shape)} and suffix.v ${formatShape(suffix.v.shape)}`;
      fail(`${name} is ${formatShape(shape)}, expected ${formatShape(wanted)} with ${given}`);
    }
  }
  const first = start ?? (length ?? s) - t;
  if (mask === "causal" && first < -1) {
    fail(`the first query is ${-first} keys before the suffix, within the prefix; expected none to`);
  }
}
