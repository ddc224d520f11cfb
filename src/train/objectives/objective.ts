import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RouterLosses, RouterLossOptions } from "../router-losses.ts";
import type { Router } from "../trainer/routing.ts";

/**
 * What of each layer is computed again just before its gradients, instead of being kept: nothing; what is cheap to compute
 * (norms, activations, rotations, gate products), so that the results of products and of attention are kept; or the whole
 * layer, so that only its input is.
 */
export type Recompute = (typeof recomputes)[number];

/** The names of {@link Recompute}, from the most memory to the least. */
export const recomputes = ["nothing", "cheap", "layers"] as const;

/** What a step drops. */
export interface DropoutRates {
  /** The share of what embeddings and layers add to the residual stream, from 0 to below 1. */
  readonly rate: number;
  /** The share of attention's weights; default 0. */
  readonly attention?: number | undefined;
  /** Seed and step, u32 `[2]`. */
  readonly key: Tensor;
}

/** What a trainer has the loss of a batch computed with. */
export interface LossSettings {
  readonly recompute?: Recompute | undefined;
  readonly dropout?: DropoutRates | undefined;
  /** Losses of a mixture's routers that are added. */
  readonly routers?: RouterLossOptions | undefined;
}

/** The loss of a batch, and how many targets count, `[1]`. */
export interface ModelLoss {
  /** The mean over targets that count, `[]`. */
  readonly loss: Tensor;
  readonly count: Tensor;
  /** The mean, and the losses of routers times their coefficients, `[]`: what is differentiated. */
  readonly total: Tensor;
  /** Of a recorded pass through a mixture: what its routers did. */
  readonly routers?: RouterLosses | undefined;
}

/** A tensor that a program reads of a batch. */
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
  /** Tokens of each; of an encoder-decoder, of each target. */
  readonly context: number;
  /** Of an encoder-decoder, tokens of each source; default as many. */
  readonly sourceContext?: number | undefined;
}

/** What a model is trained to do: which batches it takes, and how the loss of one is recorded. */
export interface Objective<B> {
  readonly gpu: Gpu;
  /** The model's settings apart from its weights, as JSON has them: a checkpoint is of a model that has the same. */
  readonly model?: object;
  /** Layers of experts, of which a trainer counts the choices. */
  readonly routers: readonly Router[];
  /** Throws `OptionError`, with the argument's name, for what is no batch of this model. */
  readonly check: (argument: string, batch: B) => void;
  /** How many targets of a batch count. */
  readonly targetsIn: (batch: B) => number;
  /** What programs read of a batch, by name, `targets` among them. Batches whose names and shapes are the same share a program. */
  readonly inputs: (batch: B) => Readonly<Record<string, BatchInput>>;
  /** The same without numbers, for a batch of this shape. */
  readonly inputsFor: (shape: StepShape) => Readonly<Record<string, InputShape>>;
  /** Other tensors that programs of such inputs read, such as cosines and sines; each program has its own. */
  readonly constants?: (inputs: Readonly<Record<string, InputShape>>) => Readonly<Record<string, Tensor>>;
  /** Records the logits of each prediction, in the order of the input named `targets`: as many rows, `[…, v]`. */
  readonly logits: (tensors: Readonly<Record<string, Tensor>>) => Tensor;
  /** Records the loss of inputs and constants. The calls have gradients. */
  readonly loss: (tensors: Readonly<Record<string, Tensor>>, settings: LossSettings) => ModelLoss;
}
