import type { WeightDropout } from "../kernels/attention/mod.ts";
import { type Check, callback, object } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Residual } from "./norm.ts";

/** What training does to a layer, whose attention then computes what its gradient reads. Parts are numbered from 0. */
export interface LayerTraining {
  /** What each part of the layer adds to the residual stream is put through this. */
  readonly dropout?: ((x: Tensor, part: number) => Tensor) | undefined;
  /** Dropout of the weights of attention: of the layer's own (0), and of that over a source (1). */
  readonly weightDropout?: ((part: number) => WeightDropout) | undefined;
}

/** What training does to a stack of layers. */
export interface StackTraining {
  /** What embeddings (site 0) and layers add to the residual stream is put through this, each under a number of its own. */
  readonly dropout?: ((x: Tensor, site: number) => Tensor) | undefined;
  /** Dropout of the weights of attention, each under a number of its own. */
  readonly weightDropout?: ((site: number) => WeightDropout) | undefined;
  /** Runs each layer, and returns what that does; training records it again for its gradients. */
  readonly around?: ((layer: () => Residual) => Residual) | undefined;
}

/** The check of {@link LayerTraining}. */
export const layerTrainingCheck: Check = object<LayerTraining>({ dropout: callback, weightDropout: callback });

/** Most parts of a layer that add to the residual stream. */
const parts = 3;

/** The first number of a stack of layers that no site of another stack before it has. */
export const sitesOf = (layers: number): number => 1 + parts * layers;

/** What training does to a layer of a stack. */
export function layerTraining(stack: StackTraining | undefined, layer: number): LayerTraining | undefined {
  if (!stack) return undefined;
  const { dropout, weightDropout } = stack;
  return {
    dropout: dropout && ((x, part) => dropout(x, 1 + parts * layer + part)),
    weightDropout: weightDropout && ((part) => weightDropout(parts * layer + part)),
  };
}
