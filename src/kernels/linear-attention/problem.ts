import readOutSource from "#shaders/linear-attention/read-out.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { fieldsOf, integer, oneOf } from "../../options/checks.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../arguments.ts";
import type { KernelContext } from "../kernel.ts";

/** The tensors of linear attention; they may be views whose last axis is contiguous. */
export interface LinearAttentionTensors {
  /** Queries `[b, h, t, d]`. */
  readonly q: Tensor;
  /** Keys `[b, g, s, d]`; g divides h. */
  readonly k: Tensor;
  /** Values `[b, g, s, dv]`. */
  readonly v: Tensor;
}

/** Options of linear attention. */
export interface LinearAttentionOptions {
  /** Which keys a query sees: those up to its own position, or all. Default causal. */
  readonly mask?: "causal" | "full";
  /** Position of the first query; default `length − t`, so that the last query is at the last key's position. */
  readonly start?: number;
  /** Number of keys; default s. Memory beyond them never affects a result. */
  readonly length?: number;
  /** Memory for the result in the kernel's order, `[b, t, h, dv]`. */
  readonly into?: { readonly out?: Tensor };
}

export const linearAttentionTensors = tensorFields("q", "k", "v");

export const linearAttentionOptions = fieldsOf<LinearAttentionOptions>({
  mask: oneOf("causal", "full"),
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  into: intoOf("out"),
});

/** The kernels' options, with defaults filled in, and the division of the keys into chunks. */
export interface LinearAttentionProblem {
  readonly mask: "causal" | "full";
  readonly start: number;
  readonly length: number;
  /** Keys per chunk. */
  readonly span: number;
  /** Number of whole chunks, whose states are kept. */
  readonly chunks: number;
  readonly into?: NonNullable<LinearAttentionOptions["into"]>;
}

/** Keys of a chunk under a causal mask, and the widest head that the kernel takes. */
const limits = constantsOf(readOutSource, "SPAN", "MAX_WIDTH");

/** Fills in defaults. Throws `ShapeError` for options or shapes that do not fit. */
export function linearAttentionProblem(
  { q, k, v }: LinearAttentionTensors,
  { mask = "causal", into, ...options }: LinearAttentionOptions,
): LinearAttentionProblem {
  for (const [name, x, pattern] of [
    ["q", q, "[b, h, t, d]"],
    ["k", k, "[b, g, s, d]"],
    ["v", v, "[b, g, s, dv]"],
  ] as const) {
    check(x.shape.length === 4, `${name} is ${formatShape(x.shape)}, expected ${pattern}`);
    check(
      (x.shape[3] ?? 1) <= 1 || x.strides[3] === 1,
      `${name} has strides ${formatShape(x.strides)}, expected 1 for its last axis; call contiguous first`,
    );
  }
  const [, h = 0, t = 0, d = 0] = q.shape;
  const [, g = 0, s = 0] = k.shape;
  check(
    g > 0 && h % g === 0,
    `q is ${formatShape(q.shape)}, k is ${formatShape(k.shape)}: ${h} query heads do not divide among ${g} key and ` +
      "value heads",
  );
  check(s > 0, `k is ${formatShape(k.shape)}, expected room for at least one key; for none, pass length 0`);
  check(d <= limits.MAX_WIDTH, `heads are ${d} wide, expected at most ${limits.MAX_WIDTH}`);
  check(mask === "causal" || mask === "full", `mask is ${JSON.stringify(mask)}, expected "causal" or "full"`);
  const { length = s } = options;
  const { start = length - t } = options;
  check(Number.isInteger(length) && length >= 0 && length <= s, `length is ${length}, expected 0 to ${s} (s, from k)`);
  check(Number.isInteger(start) && Math.abs(start) < 2 ** 30, `start is ${start}, expected an integer`);
  const span = mask === "full" ? Math.max(1, length) : limits.SPAN;
  const chunks = Math.floor(length / span);
  return { mask, start, length, span, chunks, ...(into ? { into } : {}) };
}

function check(condition: boolean, problem: string): void {
  if (!condition) throw new ShapeError(`linearAttention: ${problem}`);
}

/** First element and strides of views, as the kernels' `Params` name them. */
export function viewFields({ strides, offsets }: KernelContext, names: readonly string[]): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const name of names) {
    const [batch = 0, head = 0, token = 0] = strides[name] ?? [];
    Object.assign(fields, {
      [`${name}_first`]: offsets[name] ?? 0,
      [`${name}_batch`]: batch,
      [`${name}_head`]: head,
      [`${name}_token`]: token,
    });
  }
  return fields;
}

/** Number of keys that query `i` sees. */
export const visibleKeys = ({ mask, start, length }: LinearAttentionProblem, i: number): number =>
  mask === "full" ? length : Math.max(0, Math.min(length, start + i + 1));
