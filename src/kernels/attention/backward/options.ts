// The problem from which every variant computes the gradients of attention.
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { boolean, callback, fieldsOf, finite, integer, listOf, object, text } from "../../../options/checks.ts";
import { formatShape, type Shape, ShapeError } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { tensorFields } from "../../define/arguments.ts";
import { type AttentionLayout, layoutCheck, layoutName } from "../../kv-cache/layouts.ts";
import { isRagged } from "../layouts.ts";
import { maskCheck } from "../masks/mask.ts";
import { type AttentionMask, type AttentionProblem, type AttentionScore, attentionProblem } from "../options.ts";
import { makeMods } from "../records/made-mods.ts";
import type { WeightDropout } from "../records/mod.ts";
import { isChain, scoreCheck } from "../scores/score.ts";
import { derivativeParts, membersOf, type ScoreTensor, scoreTensors } from "./score-tensors.ts";

/** The tensors of the forward attention, and the gradient of its result; views whose last axis is contiguous. */
export interface AttentionBackwardTensors {
  /** Queries `[b, h, t, d]`, f32. */
  readonly q: Tensor;
  /** Keys `[b, g, s, d]`, f32. */
  readonly k: Tensor;
  /** Values `[b, g, s, dv]`, f32. */
  readonly v: Tensor;
  readonly sink?: Tensor | undefined;
  /** The result `[b, h, t, dv]`. */
  readonly out: Tensor;
  /** Its log-sum-exp `[b, h, t]`, the sink included. */
  readonly lse: Tensor;
  /** The gradient of the result, `[b, h, t, dv]`. */
  readonly dout: Tensor;
}

/** The gradients to compute; default those of q, k, v and sink. */
export interface AttentionNeeds {
  readonly q?: boolean;
  readonly k?: boolean;
  readonly v?: boolean;
  readonly sink?: boolean;
  /** Tensors of the score, by their paths in it: `table`, or `1.table` of the second score of a list. */
  readonly score?: readonly string[];
}

/** The options with which attention was computed, and the gradients that are wanted. */
export interface AttentionBackwardOptions {
  readonly mask?: AttentionMask | undefined;
  readonly score?: AttentionScore;
  /** Layout of k and v: contiguous, the default, or ragged. */
  readonly layout?: Extract<AttentionLayout, "contiguous" | { readonly kind: "ragged" }>;
  readonly scale?: number;
  readonly start?: number;
  readonly length?: number;
  readonly dropout?: WeightDropout | undefined;
  readonly needs?: AttentionNeeds;
}

/** Gradients of the shapes of q, k, v, sink and tensors of the score; those that are not needed are absent. */
export interface AttentionGradients {
  readonly dq?: Tensor | undefined;
  readonly dk?: Tensor | undefined;
  readonly dv?: Tensor | undefined;
  readonly dsink?: Tensor | undefined;
  /** Those of the score's tensors, by their paths. */
  readonly dscore?: Readonly<Record<string, Tensor>> | undefined;
}

/** The tensors that attention's gradients take. */
export const attentionBackwardTensors = tensorFields("q", "k", "v", "sink?", "out", "lse", "dout");

/** The options that they take. */
export const attentionBackwardOptions = fieldsOf<AttentionBackwardOptions>({
  mask: maskCheck,
  score: scoreCheck,
  layout: layoutCheck,
  scale: finite,
  start: integer(1 - 2 ** 30, 2 ** 30 - 1),
  length: integer(0, 2 ** 30),
  dropout: callback,
  needs: object<AttentionNeeds>({ q: boolean, k: boolean, v: boolean, sink: boolean, score: listOf(text) }),
});

/** The problem of attention with the parts of its score and of the score's derivative. */
export interface BackwardProblem extends AttentionProblem {
  readonly scoreParts: readonly ShaderModule[];
  /** Which gradients are wanted, other than those of the score's tensors. */
  readonly needs: Readonly<Record<Exclude<keyof AttentionNeeds, "score">, boolean>>;
  /** The score's tensors whose gradients are wanted. */
  readonly scoreTensors: readonly ScoreTensor[];
}

/** Fills in defaults. Throws `ShapeError` for tensors and options that no variant takes. */
export function backwardProblem(
  tensors: AttentionBackwardTensors,
  { needs = {}, ...options }: AttentionBackwardOptions,
): BackwardProblem {
  const { q, k, v, sink, out, lse, dout } = tensors;
  const [b = 0, h = 0, t = 0] = q.shape;
  const dv = v.shape[3] ?? 0;
  const given = options.score ?? "none";
  const members = membersOf(given);
  const score = isChain(given) ? members.map((member) => member.score) : given;
  const scoreParts = derivativeParts(members, isChain(given));
  makeMods({ score });
  const problem = attentionProblem({ q, k, v, sink }, { ...options, score });
  const { layout } = problem.place;
  if (layout !== "contiguous" && !isRagged(problem.place)) {
    throw new ShapeError(
      `attentionBackward: keys and values of a ${layoutName(layout)} layout have no gradient, expected contiguous or ragged`,
    );
  }
  const expected: readonly [string, Tensor, Shape][] = [
    ["out", out, [b, h, t, dv]],
    ["dout", dout, [b, h, t, dv]],
    ["lse", lse, [b, h, t]],
  ];
  for (const [name, x, shape] of expected) {
    if (formatShape(x.shape) === formatShape(shape)) continue;
    throw new ShapeError(`attentionBackward: ${name} is ${formatShape(x.shape)}, expected ${formatShape(shape)}`);
  }
  for (const [name, x] of Object.entries({ q, k, v, out, dout })) {
    if (x.dtype !== "f32") throw new ShapeError(`attentionBackward: ${name} is ${x.dtype}, expected f32`);
  }
  const { score: paths = [], ...wanted } = needs;
  const every = { q: true, k: true, v: true, sink: sink !== undefined };
  const tensorsOfScore = scoreTensors(members, isChain(given), paths);
  return { ...problem, scoreParts, needs: { ...every, ...wanted }, scoreTensors: tensorsOfScore };
}
