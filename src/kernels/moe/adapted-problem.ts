import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../arguments.ts";
import { type ExpertsSizes, type ExpertsTensors, expertsSizes } from "./experts-problem.ts";

/** The tensors of a layer of experts with adapters of low rank next to their gates, ups or downs. */
export interface AdaptedTensors extends Omit<ExpertsTensors, "gateUpBias" | "downBias"> {
  /** f32 `[e · r, c]`, the rows of one expert after those of another. Of a, b and scale there are all or none. */
  readonly gateA?: Tensor | undefined;
  /** f32 `[e · f, r]` */
  readonly gateB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly gateScale?: Tensor | undefined;
  /** f32 `[e · r, c]` */
  readonly upA?: Tensor | undefined;
  /** f32 `[e · f, r]` */
  readonly upB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly upScale?: Tensor | undefined;
  /** f32 `[e · r, f]` */
  readonly downA?: Tensor | undefined;
  /** f32 `[e · c, r]` */
  readonly downB?: Tensor | undefined;
  /** f32 `[1]` */
  readonly downScale?: Tensor | undefined;
}

/** What an expert's matrices are called. */
export const expertParts = ["gate", "up", "down"] as const;
export type ExpertPart = (typeof expertParts)[number];

/** The names of the tensors, for the checks of calls. */
export const adaptedFields = (...more: readonly string[]) =>
  tensorFields(
    ...["x", "experts", "weights", "gateUp", "down"],
    ...expertParts.flatMap((part) => [`${part}A?`, `${part}B?`, `${part}Scale?`]),
    ...more,
  );

/** The two narrow matrices of all experts' gates, ups or downs, and their factor. */
export interface LowRank {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: Tensor;
}

/** The adapters of a layer by what they change. */
export type Adapters = Readonly<Partial<Record<ExpertPart, LowRank>>>;

/** Reads the sizes and the adapters. Throws `ShapeError` where the tensors do not fit one another. */
export function adaptedSizes(op: string, tensors: AdaptedTensors): ExpertsSizes & { readonly adapters: Adapters } {
  const sizes = expertsSizes(tensors);
  const { c, f, e } = sizes;
  const found = expertParts.flatMap((part) => {
    const [a, b, scale] = [tensors[`${part}A`], tensors[`${part}B`], tensors[`${part}Scale`]];
    if (!a && !b && !scale) return [];
    if (!a || !b || !scale) throw new ShapeError(`${op}: ${part}A, ${part}B and ${part}Scale: expected all or none`);
    const [inputs, outputs] = part === "down" ? [f, c] : [c, f];
    const [, rank = 0] = b.shape;
    const expected = { A: [e * rank, inputs], B: [e * outputs, rank], Scale: [1] };
    for (const [name, tensor] of Object.entries({ A: a, B: b, Scale: scale })) {
      const shape = formatShape(expected[name as keyof typeof expected]);
      if (tensor.dtype === "f32" && formatShape(tensor.shape) === shape) continue;
      const is = `${part}${name} is ${tensor.dtype} ${formatShape(tensor.shape)}`;
      throw new ShapeError(`${op}: ${is}, expected f32 ${shape}: ${e} experts, rank ${rank} (from ${part}B)`);
    }
    if (rank % 4 !== 0) throw new ShapeError(`${op}: ${part}B has the rank ${rank}, expected a multiple of 4`);
    return [[part, { a, b, scale }] as const];
  });
  return { ...sizes, adapters: Object.fromEntries(found) };
}
