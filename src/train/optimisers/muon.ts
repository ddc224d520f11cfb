import type { Gpu } from "../../gpu/gpu.ts";
import { descend } from "../../kernels/optimiser/descend.ts";
import { momentum as withMomentum } from "../../kernels/optimiser/momentum.ts";
import { atLeast, belowOne, boolean, fieldsOf, object, oneOf, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../parameters.ts";
import { type AdamWSettings, adamw, adamwChecks } from "./adamw.ts";
import type { OptimiserKind, Update } from "./optimiser.ts";
import { orthogonalise } from "./orthogonalise.ts";

/** AdamW for what Muon leaves. */
export interface OtherSettings extends Omit<AdamWSettings, "name"> {
  /** A factor of the schedule's rate; default 0.015, 3·10⁻⁴ for Muon's 0.02. */
  readonly learningRate?: number | undefined;
}

/** Muon's settings. */
export interface MuonSettings {
  readonly name: "muon";
  /** What the mean of gradients keeps from step to step; default 0.95. */
  readonly momentum?: number | undefined;
  /** Default true. */
  readonly nesterov?: boolean | undefined;
  /** Decoupled; default 0. */
  readonly weightDecay?: number | undefined;
  /** For embeddings, the head, routers, stacks of experts, norms and biases. */
  readonly adamw?: OtherSettings | undefined;
}

/** True for the matrices of layers, but not for routers, whose rows are classes, and stacks of experts. */
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
  // Matrices of one shape go through the products together.
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
 * Muon (Jordan 2024): the momentum of each hidden matrix made nearly orthonormal, times √max(1, rows / columns); AdamW for
 * the rest. Its rate is near 0.02.
 */
export const muon: OptimiserKind<MuonSettings> = {
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
      rest: { optimiser: adamw.of({ name: "adamw", ...settings }), factor, isFor: (parameter) => !isHidden(parameter) },
    };
  },
};
