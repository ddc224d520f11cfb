import type { StoredWeights } from "../../generate/load/loaded-model.ts";
import { quantity } from "../units.ts";

/** A model's weights: their storage, and their bytes on the device. */
interface Weighed {
  readonly stored: StoredWeights;
  readonly bytes: number;
}

/** The same for a language model. */
interface WeighedModel {
  readonly stored: StoredWeights;
  readonly decoder: { readonly weights: { readonly bytes: number } };
}

const weighed = (model: Weighed | WeighedModel): Weighed =>
  "bytes" in model ? model : { stored: model.stored, bytes: model.decoder.weights.bytes };

/** How a model's weights are stored, and how large they are on the device and in its files: for JSON. */
export function storedJson(model: Weighed | WeighedModel) {
  const { stored, bytes } = weighed(model);
  return { ...stored, bytes };
}

/** The same as text: `Q4_K_M: 3.1 MB of weights on the GPU, 3.2 MB in files`. */
export function storedText(model: Weighed | WeighedModel): string {
  const { quantisation, fileBytes, bytes } = storedJson(model);
  return `${quantisation}: ${quantity(bytes, "B")} of weights on the GPU, ${quantity(fileBytes, "B")} in files`;
}
