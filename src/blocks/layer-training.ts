import type { WeightDropout } from "../kernels/attention/records/mod.ts";
import { type Check, callback, object } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Residual } from "./norm.ts";

/**
 * Changes to a layer in training; its attention then also computes what its gradient reads. Parts are numbered from 0.
 */
export interface LayerTraining {
  /** Applied to what each part of the layer adds to the residual stream. */
  readonly dropout?: ((x: Tensor, part: number) => Tensor) | undefined;
  /** Dropout of the weights of attention: of the layer's own (0), and of that over a source (1). */
  readonly weightDropout?: ((part: number) => WeightDropout) | undefined;
}

/** Changes to a stack of layers in training. */
export interface StackTraining {
  /** Applied to what embeddings (site 0) and layers add to the residual stream, each with its own number. */
  readonly dropout?: ((x: Tensor, site: number) => Tensor) | undefined;
  /** Dropout of the weights of attention, each with its own number. */
  readonly weightDropout?: ((site: number) => WeightDropout) | undefined;
  /** Runs each layer and returns its result; training records it again for its gradients. */
  readonly around?: ((layer: () => Residual) => Residual) | undefined;
}

/** The check of {@link LayerTraining}. */
export const layerTrainingCheck: Check = object<LayerTraining>({ dropout: callback, weightDropout: callback });

/** Maximum number of parts of a layer that add to the residual stream. */
const parts = 3;

/** The first number of a stack of layers, past those of the stacks before it. */
export const sitesOf = (layers: number): number => 1 + parts * layers;

/** The changes to one layer of a stack. */
export function layerTraining(stack: StackTraining | undefined, layer: number): LayerTraining | undefined {
  if (!stack) return undefined;
  const { dropout, weightDropout } = stack;
  return {
    dropout: dropout && ((x, part) => dropout(x, 1 + parts * layer + part)),
    weightDropout: weightDropout && ((part) => weightDropout(parts * layer + part)),
  };
}
