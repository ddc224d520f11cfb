import type { Report } from "../../../../src/engine/direct/progress.ts";
import type { FileSource } from "../../../../src/formats/source.ts";
import type { Gpu } from "../../../../src/gpu/gpu.ts";
import type { Recompute } from "../../../../src/train/objectives/objective.ts";
import type { TrainableModel } from "../../../../src/train/open/open-trainable.ts";
import type { TrainedFolder } from "../../../../src/train/open/trained-folder.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import type { WordLook } from "../../tasks/vectors/look.ts";
import type { KindUse, RouterFacts } from "../expert-use.ts";
import type { Attention, Sample } from "../history.ts";
import type { RunRequest } from "../protocol.ts";
import type { Submits } from "../running.ts";
import type { Score } from "./scoring.ts";

/** A folder's files, by name. */
export type Files = Readonly<Record<string, Blob>>;

/** The base model of an adapter, and the listener for its progress. */
export interface Base {
  readonly source?: FileSource | undefined;
  readonly loading?: Report;
  readonly signal?: AbortSignal;
}

/** Evaluates a model: its score, answers and attention. */
export interface Looking {
  /** Its score and, for a mixture, the experts chosen meanwhile. */
  readonly score: () => Promise<Score & { readonly use?: readonly KindUse[] }>;
  readonly samples: () => Promise<{
    readonly samples: readonly Sample[];
    readonly attention: readonly Omit<Attention, "step">[];
    /** For word vectors: their positions. */
    readonly words?: WordLook;
  }>;
  dispose(): void;
}

/** A model that learns a task: `B` are its batches. */
export interface Learner<B> {
  readonly examples: Examples;
  readonly model: TrainableModel<B>;
  /** Layers and heads of each of its pictures of attention; 0 without any. */
  readonly layers: number;
  readonly heads: number;
  /** Tokens of a sequence: speeds count them. */
  readonly context: number;
  /** Number of classes of a prediction. */
  readonly classes: number;
  /** For classifiers, whose loss is only over labels. */
  readonly asked?: "labels";
  /** For a mixture: its routers. */
  readonly routers?: RouterFacts | undefined;
  /** A batch of examples; random parts are determined by seed and step. */
  readonly batchOf: (examples: readonly Example[], drawnBy: readonly [seed: number, step: number]) => B;
  /** The part of the model that a parameter of this name belongs to. */
  readonly partOf: (parameter: string) => string;
  /** What may be recomputed for gradients; unset: all of {@link recomputes}. */
  readonly recomputes?: readonly Recompute[];
  /** Prepares evaluations on held-out examples. */
  readonly looking: (heldOut: readonly Example[], submits: Submits) => Promise<Looking>;
  /** The current files of the trained model, or its adapter. */
  readonly files: () => Promise<Files>;
  /** The files of the whole model. */
  readonly whole: () => Promise<Files>;
}

/** A kind of models that the page trains: makes one for a run. */
export type Kind<B> = (gpu: Gpu, request: RunRequest, base: Base) => Promise<Learner<B>>;

/** The files of a planned folder. */
export async function filesOf({ files, binary, file, pieces }: TrainedFolder): Promise<Files> {
  const weights: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of pieces()) weights.push(piece);
  const texts = Object.entries({ ...files, ...binary }).map(([name, content]) => [name, new Blob([content])] as const);
  return { ...Object.fromEntries(texts), [file ?? "model.safetensors"]: new Blob(weights) };
}

/** The files of a new model, with others of these names. */
export function newFiles<B>(
  { writing }: TrainableModel<B>,
  others: Readonly<Record<string, string>> = {},
): Pick<Learner<B>, "files" | "whole"> {
  const files = async () => {
    const written = await writing();
    return await filesOf({ ...written, files: { ...written.files, ...others } });
  };
  return { files, whole: files };
}
