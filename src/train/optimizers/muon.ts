import type { Gpu } from "../../gpu/gpu.ts";
import { add, mul } from "../../kernels/elementwise/elementwise.ts";
import { fill } from "../../kernels/elementwise/fill.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import { concat } from "../../kernels/layout/concat.ts";
import { contiguous } from "../../kernels/layout/contiguous.ts";
import { rmsNorm } from "../../kernels/norm/rms-norm.ts";
import { descend } from "../../kernels/optimizer/descend.ts";
import { momentum as withMomentum } from "../../kernels/optimizer/momentum.ts";
import { atLeast, belowOne, boolean, fieldsOf, object, oneOf, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import type { Parameter } from "../open/parameters.ts";
import { type AdamWSettings, adamw, adamwChecks } from "./adamw.ts";
import type { OptimizerKind, Update } from "./optimizer.ts";

/** AdamW for the parameters outside Muon. */
export interface OtherSettings extends Omit<AdamWSettings, "name"> {
  /** A factor of the schedule's rate; default 0.015, 3·10⁻⁴ for Muon's 0.02. */
  readonly learningRate?: number | undefined;
}

/** Muon's settings. */
export interface MuonSettings {
  readonly name: "muon";
  /** Decay rate of the mean of gradients; default 0.95. */
  readonly momentum?: number | undefined;
  /** Default true. */
  readonly nesterov?: boolean | undefined;
  /** Decoupled; default 0. */
  readonly weightDecay?: number | undefined;
  /** For embeddings, the head, routers, stacks of experts, norms and biases. */
  readonly adamw?: OtherSettings | undefined;
}

/** True for the matrices of layers, except routers, whose rows are classes, and stacks of experts. */
const isHidden = ({ name, source, stack, tensor }: Parameter): boolean =>
  !stack &&
  tensor.shape.length === 2 &&
  tensor.segments.length === 1 &&
  tensor.shape.every((size) => size > 1) &&
  /(^|\.)(h|layers)\.\d+\./.test(name) &&
  !/router|experts|\bmlp\.gate\.|_gate\.weight|block_sparse_moe\.gate\./.test(source.name);

function record(
  gpu: Gpu,
  updates: readonly Update[],
  { scalars, clip }: { readonly scalars: Tensor; readonly clip: Tensor },
  { momentum, nesterov }: { readonly momentum: number; readonly nesterov: boolean },
): void {
  const fresh = 1 - momentum;
  const ahead = nesterov ? { ahead: fresh, held: momentum } : {};
  // Matrices of one shape are batched in the products.
  const shapes = new Map<string, Update[]>();
  for (const update of updates) {
    const shape = update.parameter.shape.join("×");
    shapes.set(shape, [...(shapes.get(shape) ?? []), update]);
  }
  for (const group of shapes.values()) {
    const moved = group.map(({ gradient, parameter, state }) => {
      const velocity = state["velocity"] as Tensor;
      return withMomentum(gpu, { gradient, parameter, velocity, clip }, { momentum, fresh, ...ahead }).update;
    });
    for (const [i, update] of orthogonalise(gpu, moved).entries()) {
      const { parameter, decay } = group[i] as Update;
      const [rows = 1, columns = 1] = parameter.shape;
      const scale = Math.sqrt(Math.max(1, rows / columns));
      descend(gpu, { parameter, update, scalars, clip }, { decay, scale });
    }
  }
}

/**
 * Muon (Jordan 2024): the momentum of each hidden matrix made nearly orthonormal, times √max(1, rows / columns); AdamW
 * for the rest. Its rate is near 0.02.
 */
export const muon: OptimizerKind<MuonSettings> = {
  name: "muon",
  fields: fieldsOf<MuonSettings>({
    name: required(oneOf("muon")),
    momentum: belowOne,
    nesterov: boolean,
    weightDecay: atLeast(0),
    adamw: object<OtherSettings>({ ...adamwChecks, learningRate: atLeast(0) }),
  }),
  of: ({ momentum = 0.95, nesterov = true, weightDecay = 0, adamw: other = {} }) => {
    const { learningRate: factor = 0.015, ...settings } = other;
    return {
      name: "muon",
      weightDecay,
      state: (shape) => ({ velocity: shape }),
      scalars: (_step, rate) => [rate],
      record: (gpu, updates, shared) => record(gpu, updates, shared, { momentum, nesterov }),
      rest: { optimizer: adamw.of({ name: "adamw", ...settings }), factor, isFor: (parameter) => !isHidden(parameter) },
    };
  },
};

/** Coefficients of a quintic with fixed points near 1 that is steep at 0 (Jordan 2024). */
const [a, b, c] = [3.4445, -4.775, 2.0315];

const steps = 5;
/** Added under the root of a sum of squares: about the norm plus 10⁻⁷. */
const least = 1e-14;

const swapped = (x: Tensor) => transpose(x, [0, 2, 1]);

/**
 * Approximates the nearest orthonormal matrices (Newton–Schulz, with Jordan's coefficients): five steps of three
 * products each, `X ← a·X + (b·A + c·A²)·X` with `A = X·Xᵀ`, for all matrices in a batch. Singular values of at least a
 * hundredth of the norm end between 0.68 and 1.2. f32 `[rows, columns]`, all of one shape → new tensors of that shape.
 */
export function orthogonalise(gpu: Gpu, matrices: readonly Tensor[]): Tensor[] {
  const [rows = 1, columns = 1] = matrices[0]?.shape ?? [];
  const isTall = rows > columns;
  const size = rows * columns;
  const stacked = concat(
    gpu,
    matrices.map((matrix) => {
      const one = reshape(matrix, [1, rows, columns]);
      return isTall ? swapped(one) : one;
    }),
    0,
  );
  const flat = reshape(stacked, [matrices.length, size]);
  // The root mean square times √size is the norm.
  const weight = fill(gpu, [size], 1 / Math.sqrt(size));
  let x = reshape(rmsNorm(gpu, { x: flat, weight }, { eps: least / size }).y, stacked.shape);
  const [ofX, ofA, ofSquare] = [a, b, c].map((factor) => fill(gpu, [1], factor)) as [Tensor, Tensor, Tensor];
  for (let step = 0; step < steps; step++) {
    const gram = gemm(gpu, { a: x, b: swapped(x) }).y;
    const square = gemm(gpu, { a: gram, b: gram }).y;
    const weights = add(gpu, { a: mul(gpu, { a: gram, b: ofA }).y, b: mul(gpu, { a: square, b: ofSquare }).y }).y;
    const moved = gemm(gpu, { a: weights, b: x }).y;
    x = add(gpu, { a: mul(gpu, { a: x, b: ofX }).y, b: moved }).y;
  }
  return matrices.map((_, i) => {
    const one = slice(x, 0, i, i + 1);
    return reshape(contiguous(gpu, { x: isTall ? swapped(one) : one }).y, [rows, columns]);
  });
}
