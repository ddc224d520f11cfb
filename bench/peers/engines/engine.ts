import type { ArrayProblem, EncoderProblem, GenerateProblem, Problem, SequenceProblem } from "../problems.ts";
import type { TrainProblem } from "../train-problem.ts";

/** A problem with its inputs on the GPU, ready to be run repeatedly. */
export interface Prepared {
  /** What computes it: a kernel's variant, a function, an operator. */
  readonly variant: string;
  /** Enqueues one run. Of arrays nothing is read back, and nothing waits for the GPU unless the engine itself does. */
  readonly run: () => void | Promise<void>;
  /** Submits what the engine has enqueued and waits until the GPU has finished. */
  readonly settle: () => Promise<void>;
  /**
   * The result of the last run, `[t, h, d]`, `[m, n]`, vectors or ids of tokens, after `settle`; of training the figures of
   * the first steps, computed anew.
   */
  readonly read: () => Promise<ArrayLike<number>>;
  readonly dispose: () => void | Promise<void>;
  /** Of a run. */
  readonly dispatches?: number | undefined;
  readonly workspaceBytes?: number;
}

/** The methods of an engine for a problem; none where it cannot. Each uploads the inputs when it is called. */
type Ways<P> = (problem: P) => readonly (() => Promise<Prepared>)[];

/** An engine with its device. */
export interface OpenEngine {
  readonly version: string;
  /** Its name alone, where the engine keeps the device to itself; null where it computes on the processor. */
  readonly device: GPUDevice | string | null;
  /** The methods by which the engine's users compute arrays. */
  readonly ways?: Ways<ArrayProblem>;
  /** Those by which they train: a run is a step, with the weights of the last one. */
  readonly training?: Ways<TrainProblem>;
  /** Those by which they make vectors of texts, from ids on the processor to vectors on the processor. */
  readonly vectors?: Ways<EncoderProblem>;
  /** Those by which they generate tokens after sources, from ids or texts of sources to ids on the processor. */
  readonly sequences?: Ways<SequenceProblem>;
  /** Those by which they generate texts. */
  readonly texts?: Ways<GenerateProblem>;
}

/** An engine by name. Opening it loads its code. */
export interface Engine {
  readonly name: string;
  /** False for this engine: the others are its peers. */
  readonly peer: boolean;
  readonly summary: string;
  /** What it is made for: it is opened, and has rows, for these alone. */
  readonly computes: readonly ("arrays" | "training" | "vectors" | "sequences" | "texts")[];
  readonly open: () => Promise<OpenEngine>;
}

/** Whether an engine takes part in a problem. */
export const takesPart = ({ computes }: Engine, { op }: Problem): boolean => computes.includes(kinds[op] ?? "arrays");

/** What problems other than those of arrays ask for. */
const kinds: { readonly [op in Problem["op"]]?: Engine["computes"][number] } = {
  train: "training",
  encoder: "vectors",
  t5: "sequences",
  generate: "texts",
};

/** The methods of an open engine for a problem; none where it cannot. */
export function waysFor(open: OpenEngine, problem: Problem): readonly (() => Promise<Prepared>)[] {
  if (problem.op === "generate") return open.texts?.(problem) ?? [];
  if (problem.op === "train") return open.training?.(problem) ?? [];
  if (problem.op === "t5") return open.sequences?.(problem) ?? [];
  if (problem.op === "encoder") return open.vectors?.(problem) ?? [];
  return open.ways?.(problem) ?? [];
}
