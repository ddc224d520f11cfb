import type { LanguageModel } from "../generate/language-model.ts";
import { quantity } from "./units.ts";

/** How a model's weights are stored, and how large they are on the device and in its files: for JSON. */
export const storedJson = ({ stored, decoder }: LanguageModel) => ({ ...stored, bytes: decoder.weights.bytes });

/** The same in words: `Q4_K_M: 3.1 MB of weights on the GPU, 3.2 MB in files`. */
export function storedText(model: LanguageModel): string {
  const { quantisation, fileBytes, bytes } = storedJson(model);
  return `${quantisation}: ${quantity(bytes, "B")} of weights on the GPU, ${quantity(fileBytes, "B")} in files`;
}
