import readOutSource from "#shaders/linear-attention/read-out.wgsl";
import runningSumsSource from "#shaders/linear-attention/running-sums.wgsl";
import statesSource from "#shaders/linear-attention/states.wgsl";
import type { Gpu } from "../gpu/gpu.ts";
import { constantsOf } from "../gpu/shader/specialise.ts";
import { fieldsOf, integer, oneOf } from "../options/checks.ts";
import { formatShape, ShapeError } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { transpose } from "../tensor/views.ts";
import { checkCall, intoOf, tensorFields } from "./define/arguments.ts";
import { defineKernel, type KernelContext } from "./define/kernel.ts";

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

const linearAttentionTensors = tensorFields("q", "k", "v");

const linearAttentionOptions = fieldsOf<LinearAttentionOptions>({
  mask: oneOf("causal", "full"),
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  into: intoOf("out"),
});

/** The kernels' options, with defaults filled in, and the division of the keys into chunks. */
interface LinearAttentionProblem {
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
function linearAttentionProblem(
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
function viewFields({ strides, offsets }: KernelContext, names: readonly string[]): Record<string, number> {
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
const visibleKeys = ({ mask, start, length }: LinearAttentionProblem, i: number): number =>
  mask === "full" ? length : Math.max(0, Math.min(length, start + i + 1));

const states = /* @__PURE__ */ defineKernel({
  name: "linear-attention/states",
  source: statesSource,
  inputs: { k: "[b, g, s, d]", v: "[b, g, s, dv]" },
  outputs: { states: "[b, g, chunks, d, width]" },
  strided: ["k", "v"],
  axes: ({ dv }, { chunks }: LinearAttentionProblem) => ({ chunks, width: dv + 1 }),
  params: ({ g, d, width }, { chunks, span }, context) => ({
    g,
    d,
    width,
    chunks,
    span,
    ...viewFields(context, ["k", "v"]),
  }),
  workgroups: ({ b, g, d, width }, { chunks }, _context, shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    return [Math.ceil(d / TILE) * Math.ceil(width / TILE), chunks, b * g];
  },
  cost: ({ b, g, d, width }, { chunks, span }, _context, shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    const keys = chunks * span;
    const [rows, columns] = [Math.ceil(d / TILE), Math.ceil(width / TILE)]; // of tiles
    const steps = chunks * Math.ceil(span / TILE); // that a tile takes
    return {
      flops: 2 * b * g * keys * d * width,
      executedFlops: 2 * b * g * rows * columns * TILE ** 3 * steps,
      requestedBytes: 4 * b * g * (keys * (columns * d + rows * (width - 1)) + chunks * d * width),
    };
  },
});

const runningSums = /* @__PURE__ */ defineKernel({
  name: "linear-attention/running-sums",
  source: runningSumsSource,
  inputs: {},
  inout: { states: "[b, g, chunks, d, width]" },
  params: ({ b, g, chunks, d, width }) => ({ chunks, elements: d * width, size: b * g * d * width }),
  threads: ({ b, g, d, width }) => b * g * d * width,
  cost: ({ b, g, chunks, d, width }) => ({
    flops: b * g * chunks * d * width,
    requestedBytes: 8 * b * g * chunks * d * width,
  }),
});

const readOut = /* @__PURE__ */ defineKernel({
  name: "linear-attention/read-out",
  source: readOutSource,
  inputs: { q: "[b, h, t, d]", k: "[b, g, s, d]", v: "[b, g, s, dv]", states: "[b, g, chunks, d, width]" },
  outputs: { out: "[b, t, h, dv]" },
  strided: ["q", "k", "v"],
  params: ({ h, g, t, d, dv, chunks }, { mask, span, start, length }: LinearAttentionProblem, context) => ({
    h,
    g,
    t,
    d,
    dv,
    chunks,
    span,
    start,
    length,
    causal: mask === "causal" ? 1 : 0,
    ...viewFields(context, ["q", "k", "v"]),
  }),
  workgroups: ({ b, h, t }) => [t, h, b],
  cost: ({ b, h, t, d, dv }, problem) => {
    let products = 0;
    for (let i = 0; i < t; i++) {
      const visible = visibleKeys(problem, i);
      const rest = visible % problem.span; // keys in no state
      products += (visible >= problem.span ? d * (dv + 1) : 0) + rest * (d + dv);
    }
    return { flops: 2 * b * h * products, requestedBytes: 4 * b * h * (products + t * (d + dv)) };
  },
});

/**
 * Attention without a softmax, whose work grows with the length and not with its square: weights are φ(q) · φ(k) with
 * φ(x) = elu(x) + 1, so that `out = φ(q) · Σ φ(k) ⊗ v / φ(q) · Σ φ(k)`, and the sums over keys are shared by all
 * queries (Katharopoulos et al. 2020, equations 4 to 7). Under a causal mask the sums run: states of chunks of 64 keys
 * are added up, and the keys after a query's whole chunks are weighted one by one (Hua et al. 2022, section 3.2).
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` → out `[b, h, t, dv]`, whose memory is `[b, t, h, dv]`; d is at
 * most 256. Query head i reads key and value head floor(i / (h / g)). A query that sees no key gives zeros. It does not
 * approximate `attention`; the results differ. Throws `ShapeError` for shapes and options that do not fit.
 */
export function linearAttention(
  gpu: Gpu,
  tensors: LinearAttentionTensors,
  options: LinearAttentionOptions = {},
): { readonly out: Tensor } {
  checkCall("linearAttention", linearAttentionTensors, tensors, linearAttentionOptions, options);
  const { q, k, v } = tensors;
  const problem = linearAttentionProblem({ q, k, v }, options);
  const { mask, start, length } = problem;
  const heading = {
    op: "linearAttention",
    variant: "chunks",
    options: { mask, start, length },
    by: linearAttention,
    tensors,
  };
  return gpu.group(heading, () => {
    using scope = gpu.scope();
    const sums = states(gpu, { k, v }, { ...problem, into: {} });
    if (problem.chunks > 1) runningSums(gpu, sums);
    const { out } = readOut(gpu, { q, k, v, ...sums }, problem);
    return { out: transpose(scope.keep(out), [0, 2, 1, 3]) };
  });
}
