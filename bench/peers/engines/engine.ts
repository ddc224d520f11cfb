import type { ArrayProblem, EncoderProblem, GenerateProblem, Problem, SequenceProblem } from "../problems.ts";
import type { TrainProblem } from "../train/train-problem.ts";

/** A problem with its inputs on the GPU, ready to run repeatedly. */
export interface Prepared {
  /** What computes it: a kernel's variant, a function, an operator. */
  readonly variant: string;
  /** Enqueues one run. For arrays nothing is read back, and nothing waits for the GPU unless the engine itself does. */
  readonly run: () => void | Promise<void>;
  /** Submits what the engine has enqueued and waits until the GPU has finished. */
  readonly settle: () => Promise<void>;
  /**
   * The result of the last run, `[t, h, d]`, `[m, n]`, vectors or ids of tokens, after `settle`; for training the
   * figures of the first steps, computed again.
   */
  readonly read: () => Promise<ArrayLike<number>>;
  readonly dispose: () => void | Promise<void>;
  /** Dispatches of one run. */
  readonly dispatches?: number | undefined;
  readonly workspaceBytes?: number;
}

/** The methods of an engine for a problem; empty if it has none. Each uploads the inputs when it is called. */
type Ways<P> = (problem: P) => readonly (() => Promise<Prepared>)[];

/** An engine opened on its device. */
export interface OpenEngine {
  readonly version: string;
  /** Only a name if the engine does not expose the device; null if it computes on the processor. */
  readonly device: GPUDevice | string | null;
  /** The methods with which the engine's users compute arrays. */
  readonly ways?: Ways<ArrayProblem>;
  /** Those for training: a run is a step, from the weights that the previous one left. */
  readonly training?: Ways<TrainProblem>;
  /** Those for embedding texts, from ids on the processor to vectors on the processor. */
  readonly vectors?: Ways<EncoderProblem>;
  /** Those for generating tokens from sources, from the sources' ids or texts to ids on the processor. */
  readonly sequences?: Ways<SequenceProblem>;
  /** Those for generating texts. */
  readonly texts?: Ways<GenerateProblem>;
}

/** An engine by name. Opening it loads its code. */
export interface Engine {
  readonly name: string;
  /** False for this engine: the others are its peers. */
  readonly peer: boolean;
  readonly summary: string;
  /** The kinds of problems that it supports: it is opened, and has rows, only for these. */
  readonly computes: readonly ("arrays" | "training" | "vectors" | "sequences" | "texts")[];
  readonly open: () => Promise<OpenEngine>;
}

/** Whether an engine takes part in a problem. */
export const takesPart = ({ computes }: Engine, { op }: Problem): boolean => computes.includes(kinds[op] ?? "arrays");

/** What problems other than arrays require. */
const kinds: { readonly [op in Problem["op"]]?: Engine["computes"][number] } = {
  train: "training",
  encoder: "vectors",
  t5: "sequences",
  generate: "texts",
};

/** The methods of an open engine for a problem; empty if it has none. */
export function waysFor(open: OpenEngine, problem: Problem): readonly (() => Promise<Prepared>)[] {
  if (problem.op === "generate") return open.texts?.(problem) ?? [];
  if (problem.op === "train") return open.training?.(problem) ?? [];
  if (problem.op === "t5") return open.sequences?.(problem) ?? [];
  if (problem.op === "encoder") return open.vectors?.(problem) ?? [];
  return open.ways?.(problem) ?? [];
}
