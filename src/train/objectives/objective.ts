import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RouterLosses, RouterLossOptions } from "../router-losses.ts";
import type { Router } from "../trainer/routing.ts";

/**
 * What is recomputed in each layer just before its gradients instead of being kept: nothing; cheap results (norms,
 * activations, rotations, gate products), while those of products and attention are kept; or the whole layer, of which
 * only the input is kept.
 */
export type Recompute = (typeof recomputes)[number];

/** The names of {@link Recompute}, from the most memory to the least. */
export const recomputes = ["nothing", "cheap", "layers"] as const;

/** Dropout of a step. */
export interface DropoutRates {
  /** The share of what embeddings and layers add to the residual stream, from 0 to below 1. */
  readonly rate: number;
  /** The share of attention's weights; default 0. */
  readonly attention?: number | undefined;
  /** Seed and step, u32 `[2]`. */
  readonly key: Tensor;
}

/** How a trainer computes the loss of a batch. */
export interface LossSettings {
  readonly recompute?: Recompute | undefined;
  readonly dropout?: DropoutRates | undefined;
  /** Losses of a mixture's routers that are added. */
  readonly routers?: RouterLossOptions | undefined;
}

/** The loss of a batch, and the number of targets that count, `[1]`. */
export interface ModelLoss {
  /** The mean over targets that count, `[]`. */
  readonly loss: Tensor;
  readonly count: Tensor;
  /** The mean plus the losses of routers times their coefficients, `[]`: this is differentiated. */
  readonly total: Tensor;
  /** For a mixture: statistics of its routers in the recorded pass. */
  readonly routers?: RouterLosses | undefined;
}

/** A tensor that a program reads from a batch. */
export interface InputShape {
  readonly shape: readonly number[];
  readonly dtype: "u32" | "i32" | "f32";
}

/** The same with its numbers. */
export interface BatchInput extends InputShape {
  readonly values: Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** The shape of batches. */
export interface StepShape {
  /** Sequences. */
  readonly batch: number;
  /** Tokens of each; for an encoder-decoder, of each target. */
  readonly context: number;
  /** For an encoder-decoder, tokens of each source; default the same. */
  readonly sourceContext?: number | undefined;
}

/** A training objective: which batches it takes, and how their loss is recorded. */
export interface Objective<B> {
  readonly gpu: Gpu;
  /** The model's settings without its weights, as JSON: a checkpoint only fits a model with the same ones. */
  readonly model?: object;
  /** Layers of experts, whose choices a trainer counts. */
  readonly routers: readonly Router[];
  /** Throws `OptionError`, with the argument's name, for an invalid batch. */
  readonly check: (argument: string, batch: B) => void;
  /** Number of targets in a batch that count. */
  readonly targetsIn: (batch: B) => number;
  /**
   * The program inputs from a batch, by name, including `targets`. Batches with the same names and shapes share a
   * program.
   */
  readonly inputs: (batch: B) => Readonly<Record<string, BatchInput>>;
  /** Their shapes, for a batch of this shape. */
  readonly inputsFor: (shape: StepShape) => Readonly<Record<string, InputShape>>;
  /** Other tensors that programs with such inputs read, such as cosines and sines; each program has its own. */
  readonly constants?: (inputs: Readonly<Record<string, InputShape>>) => Readonly<Record<string, Tensor>>;
  /** Records the logits of each prediction, in the order of the input named `targets`: as many rows, `[…, v]`. */
  readonly logits: (tensors: Readonly<Record<string, Tensor>>) => Tensor;
  /** Records the loss of inputs and constants. The calls have gradients. */
  readonly loss: (tensors: Readonly<Record<string, Tensor>>, settings: LossSettings) => ModelLoss;
}
