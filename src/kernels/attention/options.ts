import type { Scope } from "../../gpu/scopes.ts";
import { boolean, callback, fieldsOf, finite, integer, shown } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import type { Variant } from "../define/op.ts";
import { type AttentionLayout, layoutCheck, layoutName, layoutRecord } from "../kv-cache/layouts.ts";
import { type Placement, placementOf } from "./layouts.ts";
import { type AttentionMask, maskCheck, maskMod } from "./masks/mask.ts";
import type { Mod, WeightDropout } from "./records/mod.ts";
import { type AttentionScore, scoreCheck, scoreMod } from "./scores/score.ts";

export type { AttentionMask, AttentionScore };

/** The tensors of attention; q, k and v may be views whose last axis is contiguous. */
export interface AttentionTensors {
  /** Queries `[b, h, t, d]`. */
  readonly q: Tensor;
  /**
   * Keys `[b, g, s, d]`, or shaped as the layout requires; g divides h. f32, f16, bf16, or u32 words of integers with
   * scales.
   */
  readonly k: Tensor;
  /** Values `[b, g, s, dv]`, with the layout and format of the keys. */
  readonly v: Tensor;
  /** Scales of integer keys: `[b, g, s]` for int8 `[b, g, s, d / 4]`, `[b, g, s, d / 32]` for int4. */
  readonly kScale?: Tensor | undefined;
  /** Scales of integer values. */
  readonly vScale?: Tensor | undefined;
  /**
   * Position and length of each batch row, u32 `[64, 4]`: queries begin at its position, and its keys end with its
   * tokens.
   */
  readonly step?: Tensor | undefined;
  /** Sink of each head `[h]`: a score that joins the softmax and has no value (gpt-oss); lse includes it. */
  readonly sink?: Tensor | undefined;
}

/** Options of attention. */
export interface AttentionOptions {
  /**
   * Which keys a query sees.
   * @defaultValue `causal`
   */
  readonly mask?: AttentionMask | undefined;
  /**
   * The score that replaces the scaled dot product. A score of −10³⁸ or less hides its key, as the mask does.
   * @defaultValue `none`
   */
  readonly score?: AttentionScore;
  /**
   * Layout of k and v.
   * @defaultValue `contiguous`
   */
  readonly layout?: AttentionLayout;
  /**
   * Factor of the dot product.
   * @defaultValue 1/√d
   */
  readonly scale?: number;
  /**
   * Position of the first query. By default the last query is at the last key's position.
   * @defaultValue `length − t`
   */
  readonly start?: number;
  /**
   * Number of keys. Memory beyond them never affects a result. May exceed the slots of a ring.
   * @defaultValue s
   */
  readonly length?: number;
  /**
   * Maximum number of splits of splitK and splitSubgroups.
   * @defaultValue by the number of keys
   */
  readonly splits?: number;
  /**
   * Also return each row's log-sum-exp. Natural logarithm; −∞ for a row that sees no keys.
   * @defaultValue false
   */
  readonly lse?: boolean;
  /**
   * Dropout of the weights, for training, from `weightDropout`.
   * @defaultValue none
   */
  readonly dropout?: WeightDropout | undefined;
  /**
   * Memory for the results.
   * @defaultValue new memory
   */
  readonly into?: {
    /** Memory for out, in the kernels' order `[b, t, h, dv]`. */
    readonly out?: Tensor;
    /** Memory for lse, `[b, h, t]`. */
    readonly lse?: Tensor;
  };
}

/** The tensors that attention takes. */
export const attentionTensors = tensorFields("q", "k", "v", "kScale?", "vScale?", "step?", "sink?");

/** The options that attention takes. */
export const attentionOptions = fieldsOf<AttentionOptions>({
  mask: maskCheck,
  score: scoreCheck,
  layout: layoutCheck,
  scale: finite,
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  splits: integer(1, 2 ** 30),
  lse: boolean,
  dropout: callback,
  into: intoOf("out", "lse"),
});

/** The options of every attention kernel, with defaults filled in. */
export interface AttentionProblem {
  readonly mask: AttentionMask;
  readonly score: AttentionScore;
  readonly scale: number;
  /** Placement of k and v. */
  readonly place: Placement;
  readonly start: number;
  readonly length: number;
  readonly lse: boolean;
  /** True if start and length come from the step. */
  readonly stepped: boolean;
  /** True if there is a learned sink. */
  readonly hasSink: boolean;
  /** The factors by which dropout multiplies the weights. */
  readonly dropout?: Mod | undefined;
  readonly into?: NonNullable<AttentionOptions["into"]>;
}

/**
 * The result: `out` `[b, h, t, dv]`, a view of memory in the order `[b, t, h, dv]`, and `lse` `[b, h, t]` on request.
 */
export interface AttentionResult {
  readonly out: Tensor;
  readonly lse?: Tensor;
}

/** The result of a variant from its kernels' outputs, which outlive the variant's scope. */
export function attentionResult(scope: Scope, { out, lse }: AttentionResult): AttentionResult {
  const view = transpose(scope.keep(out), [0, 2, 1, 3]);
  return lse ? { out: view, lse: scope.keep(lse) } : { out: view };
}

/** A row of attention's table. */
export type AttentionVariant = Variant<AttentionTensors, AttentionOptions, AttentionResult>;

/** Why a variant for contiguous f32 rows cannot take these; undefined when it can. */
export function layoutRefusal({ place: { layout, format } }: AttentionProblem): string | undefined {
  if (layout !== "contiguous") return `it takes no ${layoutName(layout)} layout`;
  return format === "f32" ? undefined : `it takes keys and values of f32, not ${format}`;
}

/**
 * Why a kernel that takes every layout but no dropout, reads four elements at once and has heads up to `widest` cannot
 * take these tensors and options; undefined when it can.
 */
export function partsRefusal(
  { q, k, v }: AttentionTensors,
  problem: AttentionProblem,
  widest: number,
): string | undefined {
  const { place } = problem;
  if (problem.dropout) return "its kernels drop no weights";
  for (const [name, width] of [
    ["d", q.shape[3] ?? 0],
    ["dv", place.dv],
  ] as const) {
    if (width % 4 !== 0 || width > widest) return `${name} is ${width}, it needs a multiple of 4 up to ${widest}`;
  }
  for (const [name, { strides, offset, dtype }] of Object.entries({ q, k, v })) {
    if (dtype !== "u32" && [offset, ...strides.slice(0, 3)].some((at) => at % 4 !== 0)) {
      return `${name} has strides ${formatShape(strides)} from element ${offset}, it needs multiples of 4`;
    }
  }
  const mods = [maskMod(problem.mask), scoreMod(problem.score)].flatMap((mod) => Object.values(mod.tensors));
  const { name: kind, inOrder } = layoutRecord(place.layout);
  const byPosition = mods.some(({ pattern = "" }) => !/^\[h(?:, \d+)*\]$/.test(pattern)); // a mask whose tensors are unknown counts as reading them
  if (!inOrder && byPosition) {
    return `a ${kind} layout takes masks and scores that read no tensors by row or position`;
  }
  return undefined;
}

/** A problem for a kernel that writes these results, or none of them: memory passed for other results is left out. */
export function writing<P extends AttentionProblem>(problem: P, ...names: readonly ("out" | "lse")[]): P {
  const { into } = problem;
  if (!into) return problem;
  return { ...problem, into: Object.fromEntries(names.flatMap((name) => (into[name] ? [[name, into[name]]] : []))) };
}

/** Fills in defaults. Throws `ShapeError` for options or shapes that no variant takes. */
export function attentionProblem(tensors: AttentionTensors, options: AttentionOptions): AttentionProblem {
  const { q, k, v, step, sink } = tensors;
  for (const [name, x, pattern] of [
    ["q", q, "[b, h, t, d]"],
    ["k", k, "[b, g, s, d]"],
    ["v", v, "[b, g, s, dv]"],
  ] as const) {
    if (x.shape.length !== 4)
      throw new ShapeError(`attention: ${name} is ${formatShape(x.shape)}, expected ${pattern}`);
    if ((x.shape[3] ?? 1) > 1 && x.strides[3] !== 1) {
      throw new ShapeError(
        `attention: ${name} has strides ${formatShape(x.strides)}, expected 1 for its last axis; call contiguous first`,
      );
    }
  }
  const [, h = 0, t = 0, d = 0] = q.shape;
  const g = k.shape[1] ?? 0;
  check(d > 0, `q is ${formatShape(q.shape)}, expected heads of at least one element`);
  if (g === 0 || h % g !== 0) {
    throw new ShapeError(
      `attention: q is ${formatShape(q.shape)}, k is ${formatShape(k.shape)}: ${h} query heads do not divide among ` +
        `${g} key and value heads`,
    );
  }
  if (step && (options.start !== undefined || options.length !== undefined)) {
    throw new ShapeError("attention: step defines start and length, expected no options of these names with it");
  }
  const place = placementOf(tensors, options.layout);
  const s = place.capacity;
  check(s > 0, `k is ${formatShape(k.shape)}, expected room for at least one key; for none, pass length 0`);
  const { name: kind, extent, longest: most = s } = layoutRecord(place.layout);
  check(!extent || (options.start ?? options.length) === undefined, `a ${kind} layout defines start and length`);
  const { mask = "causal", score = "none", scale = 1 / Math.sqrt(d), length = s, lse = false } = options;
  const { start = length - t } = options;
  check(
    Number.isInteger(length) && length >= 0 && length <= most,
    `length is ${length}, expected 0 to ${most} (s, from k)`,
  );
  check(Number.isInteger(start) && Math.abs(start) < 2 ** 30, `start is ${start}, expected an integer`);
  check(Number.isFinite(scale), `scale is ${scale}, expected a number`);
  maskMod(mask); // these check their parameters
  scoreMod(score);
  const dropout = options.dropout?.();
  check(
    dropout === undefined || "part" in Object(dropout),
    `dropout gives ${shown(dropout)}, expected weightDropout(…)`,
  );
  const given = {
    mask,
    score,
    scale,
    place,
    start,
    length,
    lse,
    stepped: step !== undefined,
    hasSink: sink !== undefined,
    dropout,
  };
  return options.into ? { ...given, into: options.into } : given;
}

function check(condition: boolean, problem: string): void {
  if (!condition) throw new ShapeError(`attention: ${problem}`);
}
