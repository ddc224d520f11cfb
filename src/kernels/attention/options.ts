import type { Scope } from "../../gpu/gpu.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import type { Variant } from "../op.ts";

/** Which keys a query sees. A sliding window counts its keys with the query's own: `0 <= q − k < keys`. */
export type AttentionMask = "full" | "causal" | { readonly kind: "sliding-window"; readonly keys: number };

/** What becomes of a scaled dot product: nothing, or `cap · tanh(score / cap)`. */
export type AttentionScore = "none" | { readonly kind: "softcap"; readonly cap: number };

/** The tensors of attention; q, k and v may be views with gaps whose last axis has none. */
export interface AttentionTensors {
  /** Queries `[b, h, t, d]`. */
  readonly q: Tensor;
  /** Keys `[b, g, s, d]`; g divides h. */
  readonly k: Tensor;
  /** Values `[b, g, s, dv]`. */
  readonly v: Tensor;
  /** Where each batch row stands, u32 `[64, 4]`: queries begin at its position, and its keys end with its tokens. */
  readonly step?: Tensor | undefined;
}

/** What attention does beyond its definition. */
export interface AttentionOptions {
  /** Default causal. */
  readonly mask?: AttentionMask;
  readonly score?: AttentionScore;
  /** Factor of the dot product; default 1/√d. */
  readonly scale?: number;
  /** Position of the first query; default `length − t`, so that the last query stands at the last key. */
  readonly start?: number;
  /** Keys that count; default s. Memory beyond is never read into a result. */
  readonly length?: number;
  /** Also return each row's log-sum-exp (natural logarithm; −∞ for a row that sees nothing). */
  readonly lse?: boolean;
  /** Memory for the results: out as the kernels write it, `[b, t, h, dv]`, and lse `[b, h, t]`. */
  readonly into?: { readonly out?: Tensor; readonly lse?: Tensor };
}

/** What every attention kernel is told: the options with their defaults filled in. */
export interface AttentionProblem {
  readonly mask: AttentionMask;
  readonly score: AttentionScore;
  readonly scale: number;
  readonly start: number;
  readonly length: number;
  readonly lse: boolean;
  /** True if start and length come from the step. */
  readonly stepped: boolean;
  readonly into?: NonNullable<AttentionOptions["into"]>;
}

/** The result: `out` `[b, h, t, dv]`, a view of memory in the order `[b, t, h, dv]`, and `lse` `[b, h, t]` if asked for. */
export interface AttentionResult {
  readonly out: Tensor;
  readonly lse?: Tensor;
}

/** The result of a variant whose kernels gave these, which outlive the variant's scope. */
export function attentionResult(scope: Scope, out: Tensor, lse?: Tensor | undefined): AttentionResult {
  const view = transpose(scope.keep(out), [0, 2, 1, 3]);
  return lse ? { out: view, lse: scope.keep(lse) } : { out: view };
}

/** A row of attention's table. */
export type AttentionVariant = Variant<AttentionTensors, AttentionOptions, AttentionResult>;

/**
 * Why a kernel that reads four elements at once, and has the same width for keys and values, cannot take these;
 * undefined when it can.
 * Throws `ShapeError` where no variant could.
 */
export function vectorRefusal({ q, k, v, step }: AttentionTensors, options: AttentionOptions): string | undefined {
  attentionProblem({ q, k, v, step }, options);
  const d = q.shape[3] ?? 0;
  if (v.shape[3] !== d) return `v is ${formatShape(v.shape)}, it needs d = ${d} (from q)`;
  if (d % 4 !== 0 || d > 256) return `d is ${d}, it needs a multiple of 4 up to 256`;
  for (const [name, { strides, offset }] of Object.entries({ q, k, v })) {
    if ([offset, ...strides.slice(0, 3)].some((place) => place % 4 !== 0)) {
      return `${name} has strides ${formatShape(strides)} from element ${offset}, it needs multiples of 4`;
    }
  }
  return undefined;
}

/** Fills in defaults. Throws `ShapeError` for options or shapes that no variant takes. */
export function attentionProblem({ q, k, v, step }: AttentionTensors, options: AttentionOptions): AttentionProblem {
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
  const [, g = 0, s = 0] = k.shape;
  check(s > 0, `k is ${formatShape(k.shape)}, expected room for a key; length 0 means that there is none`);
  if (g === 0 || h % g !== 0) {
    throw new ShapeError(
      `attention: q is ${formatShape(q.shape)}, k is ${formatShape(k.shape)}: ${h} query heads do not divide among ` +
        `${g} key and value heads`,
    );
  }
  if (step && (options.start !== undefined || options.length !== undefined)) {
    throw new ShapeError("attention: step says start and length, expected no options of these names beside it");
  }
  const { mask = "causal", score = "none", scale = 1 / Math.sqrt(d), length = s, lse = false } = options;
  const { start = length - t } = options;
  check(Number.isInteger(length) && length >= 0 && length <= s, `length is ${length}, expected 0 to ${s} (s, from k)`);
  check(Number.isInteger(start) && Math.abs(start) < 2 ** 30, `start is ${start}, expected an integer`);
  check(Number.isFinite(scale), `scale is ${scale}, expected a number`);
  if (typeof mask !== "string") {
    const { keys } = mask;
    check(Number.isInteger(keys) && keys > 0 && keys <= 2 ** 30, `a window of ${keys} keys, expected 1 or more`);
  }
  if (typeof score !== "string") check(score.cap > 0, `softcap at ${score.cap}, expected more than 0`);
  const given = { mask, score, scale, start, length, lse, stepped: step !== undefined };
  return options.into ? { ...given, into: options.into } : given;
}

function check(condition: boolean, problem: string): void {
  if (!condition) throw new ShapeError(`attention: ${problem}`);
}
