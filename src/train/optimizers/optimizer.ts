import type { Gpu } from "../../gpu/gpu.ts";
import type { Fields } from "../../options/checks.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../open/parameters.ts";

/** A parameter with its gradient in the recorded step. */
export interface Update {
  readonly name: string;
  /** f32, changed in place. */
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The optimizer's state for it, by name; changed in place. */
  readonly state: Readonly<Record<string, Tensor>>;
  /** Weight decay of this parameter. */
  readonly decay: number;
}

/** Shared by all parameters of a step. */
interface Shared {
  /** f32, as many as the optimizer's `scalars` returns. */
  readonly scalars: Tensor;
  /** f32 `[2]`: the norm of all gradients, and the factor that clips them. */
  readonly clip: Tensor;
}

/** A way to update parameters from their gradients, with its settings. */
export interface Optimizer {
  readonly name: string;
  /** For tensors of two or more dimensions, unless a rule says otherwise. */
  readonly weightDecay: number;
  /** The state of a parameter, by name; f32, initially zero. */
  readonly state: (shape: Shape) => Readonly<Record<string, Shape>>;
  /** Values that change from step to step, as the kernels read them, for step `step` from 1 on. */
  readonly scalars: (step: number, learningRate: number) => readonly number[];
  /** Records a step. If the norm of the gradients is not finite, it changes nothing. */
  readonly record: (gpu: Gpu, updates: readonly Update[], shared: Shared) => void;
  /** Another optimizer for some parameters, at a factor of the rate. */
  readonly rest?: {
    readonly optimizer: Optimizer;
    readonly factor: number;
    readonly isFor: (parameter: Parameter) => boolean;
  };
}

/** An optimizer by name: its settings, and its constructor. */
export interface OptimizerKind<Options> {
  readonly name: string;
  readonly fields: Fields;
  readonly of: (options: Options) => Optimizer;
}
