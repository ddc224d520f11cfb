import type { EncoderConfig } from "../config.ts";
import { normSources, projectionSources } from "../family.ts";
import type { HeadNaming, HeadSources } from "./head.ts";

/** Sources of a head's parts by their names. Biases are read where the checkpoint has them. */
export function headSources(
  { vocabulary, width }: Pick<EncoderConfig, "vocabulary" | "width">,
  { has }: HeadNaming,
  names: {
    readonly dense?: string;
    readonly norm?: string;
    /** A projection and its number of outputs; unset: the product with the embedding. */
    readonly output?: readonly [name: string, outputs: number];
    /** Names that the bias of tokens' logits may have. */
    readonly tokenBias?: readonly string[];
  },
): HeadSources {
  const projection = (name: string, outputs: number) => {
    const { weight, bias } = projectionSources(name, width, outputs);
    return { weight, ...(has(bias.name) || !has(weight.name) ? { bias } : {}) };
  };
  const { dense: denseName, norm: normName, output: outputName, tokenBias = [] } = names;
  const dense = denseName === undefined ? undefined : projection(denseName, width);
  const norm = normName === undefined ? undefined : normSources(normName, width, has);
  const output = outputName && projection(...outputName);
  const [usual] = tokenBias;
  const ofTokens = usual === undefined ? undefined : { name: tokenBias.find(has) ?? usual, shape: [vocabulary] };
  const outputBias = ofTokens ?? output?.bias;
  return {
    ...(dense && { dense: dense.weight, ...(dense.bias && { denseBias: dense.bias }) }),
    ...(norm && { norm: norm.weight, ...(has(norm.bias.name) ? { normBias: norm.bias } : {}) }),
    ...(output && { output: output.weight }),
    ...(outputBias && { outputBias }),
  };
}
