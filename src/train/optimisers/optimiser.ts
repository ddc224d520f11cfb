import type { Gpu } from "../../gpu/gpu.ts";
import type { Fields } from "../../options/checks.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../parameters.ts";

/** A parameter with its gradient in the step that is being recorded. */
export interface Update {
  readonly name: string;
  /** f32, changed in place. */
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** What the optimiser keeps of it, by name; changed in place. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Weight decay of this parameter. */
  readonly decay: number;
}

/** What all parameters of a step share. */
export interface Shared {
  /** f32, as many as the optimiser's `scalars` gives. */
  readonly scalars: Tensor;
  /** f32 `[2]`: the norm of all gradients, and the factor that clips them. */
  readonly clip: Tensor;
}

/** A way to change parameters by their gradients, with its settings. */
export interface Optimiser {
  readonly name: string;
  /** Of tensors of two or more dimensions, unless a rule says otherwise. */
  readonly weightDecay: number;
  /** The memory that a parameter needs, by name; f32, zeros at first. */
  readonly state: (shape: Shape) => Readonly<Record<string, Shape>>;
  /** What changes from step to step, as the kernels read it, of step `step` from 1 on. */
  readonly scalars: (step: number, learningRate: number) => readonly number[];
  /** Records a step. Where the norm of the gradients is not finite, it changes nothing. */
  readonly record: (gpu: Gpu, updates: readonly Update[], shared: Shared) => void;
  /** Another optimiser for some parameters, at a factor of the rate. */
  readonly rest?: {
    readonly optimiser: Optimiser;
    readonly factor: number;
    readonly isFor: (parameter: Parameter) => boolean;
  };
}

/** An optimiser by its name: what it is called with, and how it is made. */
export interface OptimiserKind<Options> {
  readonly name: string;
  readonly fields: Fields;
  readonly of: (options: Options) => Optimiser;
}
