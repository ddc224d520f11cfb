import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { Variant } from "../define/op.ts";
import { AxisSizes } from "../define/shapes.ts";
import { fill } from "../elementwise/fill.ts";
import { asContiguous, contiguous } from "../layout/contiguous.ts";
import { tuning } from "../tuning.ts";
import {
  chunksKernel,
  type InPlace,
  prepareKernel,
  type RecurrenceProblem,
  recurrentKernel,
  SPAN,
  subgroupsKernel,
} from "./kernels.ts";

/** The tensors of a recurrence as its kernels have them, which may be views; absent ones may be undefined. */
export interface RecurrenceTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly beta: Tensor;
  readonly g?: Tensor | undefined;
  readonly a?: Tensor | undefined;
  readonly state?: Tensor | undefined;
  readonly documents?: Tensor | undefined;
}

/** What the tokens read from the state, and the state after the last. */
interface RecurrenceResult {
  /** `[b, hv, t, dv]` */
  readonly out: Tensor;
  /** `[b, hv, d, dv]` */
  readonly state: Tensor;
}

/** Gradients of the results; absent ones are zeros. */
export interface RecurrenceUpstream {
  /** `[b, hv, t, dv]` */
  readonly dout?: Tensor | undefined;
  /** `[b, hv, d, dv]` */
  readonly dstate?: Tensor | undefined;
}

/** Widest key: the tile of a chunk's keys then fills the workgroup memory that every device has. */
const maxWidth = 256;

/** Checks patterns of axes, and the heads. Throws `ShapeError`, with the names that the op has for its tensors. */
export function checkShapes(
  op: string,
  patterns: Readonly<Record<string, string>>,
  tensors: object,
  heads: readonly [groups: string, heads: string],
): void {
  const sizes = new AxisSizes(op);
  const given = tensors as Readonly<Record<string, Tensor | undefined>>;
  for (const [name, pattern] of Object.entries(patterns)) {
    const tensor = given[name];
    if (tensor) sizes.match(name, pattern, tensor.shape);
    const type = name === "documents" ? "u32" : "f32";
    if (tensor && tensor.dtype !== type) throw new ShapeError(`${op}: ${name} is ${tensor.dtype}, expected ${type}`);
  }
  const [groups = 0, all = 0] = heads.map((axis) => sizes.sizes.get(axis));
  if (groups === 0 || all % groups !== 0) {
    throw new ShapeError(`${op}: ${all} heads (${heads[1]}) do not divide among ${groups} (${heads[0]})`);
  }
}

/** The tensors in memory of their own order, with a copy of the state, which the kernels change, or the state itself. */
export function begin(
  gpu: Gpu,
  { q, k, v, beta, g, a, state, documents }: RecurrenceTensors,
  { inPlace = false }: InPlace = {},
) {
  const [b = 0, hv = 0, , dv = 0] = v.shape;
  const d = q.shape[3] ?? 0;
  const own = (x: Tensor) => asContiguous(gpu, x);
  return {
    q: own(q),
    k: own(k),
    beta: own(beta),
    v: own(v),
    state: state ? (inPlace ? state : contiguous(gpu, { x: state }).y) : fill(gpu, [b, hv, d, dv], 0),
    ...(g ? { g: reshape(own(g), [b, hv, g.shape.slice(2).reduce((product, size) => product * size, 1)]) } : {}),
    ...(a ? { a: own(a) } : {}),
    ...(documents ? { documents: own(documents) } : {}),
  };
}

type Begun = ReturnType<typeof begin>;

/** A variant's `record`, from what it does to the state. */
const by =
  (run: (gpu: Gpu, begun: Begun, problem: RecurrenceProblem) => Tensor) =>
  (gpu: Gpu, tensors: RecurrenceTensors, problem: RecurrenceProblem): RecurrenceResult => {
    using scope = gpu.scope();
    const begun = begin(gpu, tensors, problem);
    const isNothing = tensors.v.shape.includes(0);
    const out = isNothing ? empty(gpu, tensors.v.shape, "f32", "out") : run(gpu, begun, problem);
    return { out: scope.keep(out), state: scope.keep(begun.state) };
  };

type RecurrenceVariant = Variant<RecurrenceTensors, RecurrenceProblem, RecurrenceResult>;

/** The ways to compute a recurrence. */
const recurrences = {
  recurrent: { record: by((gpu, begun, problem) => recurrentKernel(gpu, begun, problem).out) },
  chunks: {
    record: by((gpu, { v, state, ...begun }, problem) => {
      const prepared = prepareKernel(gpu, begun, problem);
      return chunksKernel(gpu, { q: begun.q, k: begun.k, v, state, ...prepared }, problem).out;
    }),
    workspace: ({ q, v }: RecurrenceTensors, { gates }: RecurrenceProblem): number => {
      const [b = 0, hv = 0, t = 0] = v.shape;
      const channels = gates === "channel" ? (q.shape[3] ?? 0) : 1;
      return 4 * b * hv * (Math.ceil(t / SPAN) * 2 * SPAN ** 2 + 2 * t * channels);
    },
  },
  subgroups: {
    requires: ["subgroups"],
    accepts: (_tensors: RecurrenceTensors, _problem: RecurrenceProblem, { adapter }: Gpu): string | undefined =>
      adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : undefined,
    record: by((gpu, begun, problem) => subgroupsKernel(gpu, begun, problem).out),
  },
} as const satisfies Readonly<Record<string, RecurrenceVariant>>;

/** An op that is a recurrence under other names. */
interface RecurrentOp<T, X, R> {
  /** Throws `ShapeError` for tensors that do not fit. */
  readonly check: (tensors: T) => void;
  readonly tensorsOf: (tensors: T) => RecurrenceTensors;
  readonly problemOf: (tensors: T, options: X) => RecurrenceProblem;
  /** Records what is to be done to the tensors and the result; `run` is the recurrence. */
  readonly record: (
    gpu: Gpu,
    given: { readonly tensors: T; readonly options: X },
    run: (tensors: T) => RecurrenceResult,
  ) => R;
}

/** The ways to compute a recurrence as variants of an op. */
export function variantsBy<T, X extends InPlace, R>({ check, tensorsOf, problemOf, record }: RecurrentOp<T, X, R>) {
  const variant = (way: RecurrenceVariant): Variant<T, X, R> => ({
    ...(way.requires ? { requires: way.requires } : {}),
    accepts: (tensors, options, gpu) => {
      check(tensors);
      const named = tensorsOf(tensors);
      const d = named.q.shape[3] ?? 0;
      if (d > maxWidth) return `keys are ${d} wide, expected at most ${maxWidth}`;
      if (options.inPlace && !named.state) return "inPlace is true, and there is no state";
      if (options.inPlace && !named.state?.contiguous) return "inPlace is true, and the state is a view with gaps";
      return way.accepts?.(named, problemOf(tensors, options), gpu);
    },
    workspace: (tensors, options) => way.workspace?.(tensorsOf(tensors), problemOf(tensors, options)) ?? 0,
    record: (gpu, tensors, options) =>
      record(gpu, { tensors, options }, (given) => way.record(gpu, tensorsOf(given), problemOf(given, options))),
  });
  const { recurrent, chunks, subgroups } = recurrences;
  return { recurrent: variant(recurrent), chunks: variant(chunks), subgroups: variant(subgroups) } as const;
}

/** The variants in order of preference: of few tokens, with as many workgroups as there can be. */
export const orderFor = (tokens: number, gpu: Gpu): readonly (keyof typeof recurrences)[] =>
  tokens < 2 * SPAN ? ["subgroups", "recurrent", "chunks"] : tuning(gpu).linearRecurrence;
