// The common parts of all attention kernels' records.
import lseStore from "#shaders/attention/lse/store.wgsl";
import sinkLearned from "#shaders/attention/sink/learned.wgsl";
import extentStep from "#shaders/lib/extent/step.wgsl";
import type { Cost } from "../../gpu/program/dispatch.ts";
import type { Shader, Specialisation } from "../../gpu/shader/specialise.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { BoundTensor, KernelContext } from "../define/kernel.ts";
import { wordTypes } from "../formats/formats.ts";
import { layoutRecord } from "../kv-cache/layouts.ts";
import {
  isRagged,
  type Placement,
  placementBindings,
  placementParts,
  placementUniforms,
  sequenceLengths,
} from "./layouts.ts";
import { maskMod } from "./masks/mask.ts";
import { type AttentionOptions, type AttentionProblem, type AttentionTensors, attentionProblem } from "./options.ts";
import type { KeyRange, Mod } from "./records/mod.ts";
import { scoreMod } from "./scores/score.ts";

/** The outputs of kernels that finish a row; its log-sum-exp only on request. */
export const attentionOutputs = {
  outputs: { out: "[b, t, h, dv]", "lse?": "[b, h, t]" },
  wants: ({ lse }: AttentionProblem) => ({ lse }),
} as const;

/** Sizes of the axes with these names. */
export type Sizes<A extends string> = Readonly<Record<A, number>>;

/** A kernel's cost. */
export type Figures = Pick<Cost, "flops" | "executedFlops" | "requestedBytes">;

/** Which of the parts chosen by the problem a kernel has. */
interface Joined {
  readonly mask?: boolean;
  readonly score?: boolean;
  readonly lse?: boolean;
  readonly sink?: boolean;
  readonly dropout?: boolean;
  /** Keys and values of any layout and format. */
  readonly place?: boolean;
}

/** The parts of a kernel that has all of them. */
export const everyPart = { mask: true, score: true, lse: true, sink: true, dropout: true, place: true } as const;

/** The patterns of such a kernel's inputs. */
export const placedInputs = {
  q: "[b, h, t, d]",
  k: "[rows, g, slots, kWidth]",
  v: "[rows, g, slots, vWidth]",
  "step?": "[64, 4]",
} as const;

/** Storage types of keys and values: elements, or words of integers. */
const storedTypes: readonly DType[] = [...wordTypes, "u32"];

/** The types of those inputs. */
export const placedTypes: Readonly<Record<string, readonly DType[]>> = {
  step: ["u32"],
  k: storedTypes,
  v: storedTypes,
};

/** Those that may be views. */
export const placedViews = ["q", "k", "v", "kScale", "vScale"] as const;

/** Axes of a placement that no input has: the width of values, and the maximum number of keys of a sequence. */
export const placedAxes = ({ place }: AttentionProblem): { dv: number; s: number } => ({
  dv: place.dv,
  s: place.capacity,
});

/**
 * Blocks of `rows` rows that a grid needs along the queries: each sequence of a ragged batch may leave one unfilled.
 */
export const blocksOf = (place: Placement, all: number, rows: number): number =>
  isRagged(place) ? Math.floor(all / rows) + place.sequences : Math.ceil(all / rows);

/** The inputs of such a kernel. */
export const placedTensors = ({ q, k, v, step }: AttentionTensors) => ({ q, k, v, step });

/** The parts that such a kernel is joined with. */
function modsOf({ mask, score, dropout }: AttentionProblem, joined: Joined): Mod[] {
  return [
    ...(joined.mask ? [maskMod(mask)] : []),
    ...(joined.score ? [scoreMod(score)] : []),
    ...(joined.dropout && dropout ? [dropout] : []),
  ];
}

/** The parts that a problem needs, out of those that `joined` says the kernel has. */
export function attentionParts(
  problem: AttentionProblem,
  joined: Joined,
  context?: Pick<KernelContext, "gpu">,
): Specialisation {
  const mods = modsOf(problem, joined);
  return {
    parts: [
      ...mods.map(({ part }) => part),
      ...(joined.lse && problem.lse ? [lseStore] : []),
      ...(joined.sink && problem.hasSink ? [sinkLearned] : []),
      ...(joined.place && context ? placementParts(problem.place, context) : []),
      ...(problem.stepped ? [extentStep] : [layoutRecord(problem.place.layout).extent ?? []].flat()),
    ],
  };
}

/** Parts of a kernel that has a mask, a score and an lse, and its constants. */
export const attentionShader = (
  problem: AttentionProblem,
  constants: Readonly<Record<string, number>>,
  joined: Joined = { mask: true, score: true, lse: true },
  context?: Pick<KernelContext, "gpu">,
): Specialisation => ({ ...attentionParts(problem, joined, context), constants });

/** The tensors that mask, score and placement read, where the kernel has them: default mask and score. */
export function attentionBindings(
  problem: AttentionProblem,
  joined: Joined = { mask: true, score: true },
): Readonly<Record<string, BoundTensor>> {
  const placed = joined.place ? placementBindings(problem.place) : {};
  return Object.assign({}, placed, ...modsOf(problem, joined).map(({ tensors }) => tensors));
}

/**
 * Why a kernel with `own` storage buffers, not counting lse and sink, cannot take these tensors and options on their
 * device; undefined when it can.
 */
export function bufferRefusal(own: number, tensors: AttentionTensors, options: AttentionOptions): string | undefined {
  const most = tensors.q.gpu.limits.storageBuffers;
  const problem = attentionProblem(tensors, options);
  const names = Object.keys(attentionBindings(problem, everyPart));
  const count = own + Number(problem.lse) + Number(problem.hasSink) + names.length;
  return count > most
    ? `it has ${count} storage buffers with ${names.join(", ")}, this device takes ${most}`
    : undefined;
}

/** Parameters of masks, scores and placement, and of the views where the kernel has them. */
export function attentionUniforms(
  problem: AttentionProblem,
  joined: Joined & { readonly views?: KernelContext },
): Record<string, Record<string, number>> {
  return Object.assign(
    joined.views ? { views: viewsOf(joined.views) } : {},
    joined.views && joined.place ? placementUniforms(problem.place, joined.views) : {},
    ...modsOf(problem, joined).map(({ uniforms }) => uniforms),
  );
}

/** Where q, k and v begin, in elements, and their strides: fields of `Views` in `attention/views`. */
export function viewsOf({ strides, offsets }: Pick<KernelContext, "strides" | "offsets">): Record<string, number> {
  const views: Record<string, number> = {};
  for (const name of ["q", "k", "v"]) {
    const [batch = 0, head = 0, token = 0] = strides[name] ?? []; // 0 for a tensor that the kernel does not read
    Object.assign(views, {
      [`${name}_first`]: offsets[name] ?? 0,
      [`${name}_batch`]: batch,
      [`${name}_head`]: head,
      [`${name}_token`]: token,
    });
  }
  return views;
}

/**
 * Number of (query, key) pairs that the mask leaves, over all batch rows and query heads: exact where the mask has no
 * tensors and does not combine masks with holes; else the pairs in the masks' ranges, an upper bound.
 */
export function visiblePairs({ b, h, t, s }: Sizes<"b" | "h" | "t" | "s">, problem: AttentionProblem): number {
  const { byHead, count } = maskMod(problem.mask);
  const { start, length } = extent({ t, s }, problem);
  let pairs = 0;
  for (let row = 0; row < t; row++) {
    if (count) {
      for (let head = 0; head < (byHead ? h : 1); head++) pairs += count(start + row, length, head) * (byHead ? 1 : h);
    } else {
      const [first, end] = visibleKeys({ t, s }, problem, row, row);
      pairs += h * (end - first);
    }
  }
  return b * pairs;
}

/**
 * The keys that queries `first` to `last` may see, as the masks' `key_range` gives them: from the first up to but not
 * including the end.
 */
export function visibleKeys(
  { t, s }: Sizes<"t" | "s">,
  problem: AttentionProblem,
  first: number,
  last: number,
): KeyRange {
  const { start, length } = extent({ t, s }, problem);
  const [begin, end] = maskMod(problem.mask).range(start + first, start + last, length);
  return [begin, Math.min(end, begin + s)]; // a ring keeps no more
}

/**
 * The cost of a kernel summed over the sequences of a ragged batch, from its cost for sequences of one length. Offsets
 * not made by `sequenceOffsets` count as one sequence.
 */
export function bySequence<A extends Sizes<"t">, P extends AttentionProblem>(
  cost: (axes: A, problem: P, context: KernelContext, shader: Shader) => Figures,
): typeof cost {
  return (axes, problem, context, shader) => {
    const sequences = sequenceLengths(problem.place);
    if (!sequences) return cost(axes, problem, context, shader);
    const figures = sequences.map(([t, length]) =>
      cost({ ...axes, t }, { ...problem, start: length - t, length }, context, shader),
    );
    const sum = (name: keyof Figures) => figures.reduce((total, one) => total + (one[name] ?? 0), 0);
    const known = (["executedFlops", "requestedBytes"] as const).filter((name) =>
      figures.every((one) => one[name] !== undefined),
    );
    return { flops: sum("flops"), ...Object.fromEntries(known.map((name) => [name, sum(name)])) };
  };
}

/** True if, as far as the CPU can tell, a mask leaves exactly the tiles in its ranges. */
export function knowsTiles({ mask }: AttentionProblem): boolean {
  const { closed, tensors } = maskMod(mask);
  return closed && Object.keys(tensors).length === 0;
}

/** Where queries begin and keys end. The CPU does not know a step's values, so it assumes a full cache. */
function extent({ t, s }: Sizes<"t" | "s">, { stepped, start, length }: AttentionProblem) {
  return stepped ? { start: s - t, length: s } : { start, length };
}

/** The common record of kernels that have every part: placed keys and values, mask, score, lse and sink. */
export const placedRecord = {
  inputs: { ...placedInputs, "sink?": "[h]" },
  ...attentionOutputs,
  accepts: placedTypes,
  strided: placedViews,
  axes: (_axes: object, problem: AttentionProblem) => placedAxes(problem),
  binds: (problem: AttentionProblem) => attentionBindings(problem, everyPart),
  uniforms: (_axes: object, problem: AttentionProblem, views: KernelContext) =>
    attentionUniforms(problem, { views, ...everyPart }),
} as const;
