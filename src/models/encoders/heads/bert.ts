import type { EncoderConfig } from "../config.ts";
import { normSources, projectionSources } from "../family.ts";
import type { EncoderHead, FamilyHeads, HeadNaming, HeadSources } from "./head.ts";

/** A head directly on every token's state. */
function projected(
  config: EncoderConfig,
  naming: HeadNaming,
  [name, outputs]: readonly [name: string, outputs: number],
): EncoderHead {
  const sources = headSources(config, naming, { output: [name, outputs] });
  return { rows: "each", sources, own: `${name}.weight` };
}

/** The head that predicts tokens: its last product is with the embedding, unless the config unties them. */
export function maskedHead(
  config: EncoderConfig,
  naming: HeadNaming,
  names: {
    readonly dense: string;
    readonly norm: string;
    /** Its projection, if it is not the embedding. */
    readonly decoder: string;
    readonly bias: readonly string[];
  },
  more: Pick<EncoderHead, "activation" | "eps"> = { activation: config.activation },
): EncoderHead {
  const { dense, norm, decoder, bias } = names;
  const output = config.tied ? {} : { output: [decoder, config.vocabulary] as const };
  return {
    rows: "each",
    ...more,
    sources: headSources(config, naming, { dense, norm, ...output, tokenBias: bias }),
    own: `${dense}.weight`,
  };
}

/** Heads of most families, on token states only. */
export const tokenHeads = (config: EncoderConfig, naming: HeadNaming): FamilyHeads => ({
  "token-classification": { ...projected(config, naming, ["classifier", naming.labels]), shared: true },
  "question-answering": projected(config, naming, ["qa_outputs", 2]),
});

/** A head on a text's first state, with a projection, the pooler, and tanh before its output. */
export const pooledHead = (
  config: EncoderConfig,
  naming: HeadNaming,
  pooler: string,
  [name, outputs]: readonly [name: string, outputs: number],
): EncoderHead => ({
  rows: "first",
  activation: "tanh",
  sources: headSources(config, naming, { dense: pooler, output: [name, outputs] }),
  own: `${name}.weight`,
});

/** BERT's heads (Devlin et al. 2018, sections 3.1 and 4); `prefix` is that of the encoder's names. */
export function bertHeads(config: EncoderConfig, naming: HeadNaming, prefix: string): FamilyHeads {
  const pooler = `${prefix}pooler.dense`;
  return {
    "masked-language": maskedHead(config, naming, {
      dense: "cls.predictions.transform.dense",
      norm: "cls.predictions.transform.LayerNorm",
      decoder: "cls.predictions.decoder",
      bias: ["cls.predictions.bias", "cls.predictions.decoder.bias"],
    }),
    "next-sentence": pooledHead(config, naming, pooler, ["cls.seq_relationship", 2]),
    "sequence-classification": {
      ...pooledHead(config, naming, pooler, ["classifier", naming.labels]),
      shared: true,
    },
    ...tokenHeads(config, naming),
  };
}

/**
 * The heads of RoBERTa (Liu et al. 2019) and MPNet. The masked-language head has erf GELU regardless of the layers, and
 * the one for texts its own projection in place of the pooler.
 */
export const robertaHeads = (config: EncoderConfig, naming: HeadNaming): FamilyHeads => ({
  "masked-language": maskedHead(
    config,
    naming,
    {
      dense: "lm_head.dense",
      norm: "lm_head.layer_norm",
      decoder: "lm_head.decoder",
      bias: ["lm_head.bias", "lm_head.decoder.bias"],
    },
    { activation: "gelu" },
  ),
  "sequence-classification": pooledHead(config, naming, "classifier.dense", ["classifier.out_proj", naming.labels]),
  ...tokenHeads(config, naming),
});

/** Sources of a head's parts by their names. Biases are read if the checkpoint has them. */
export function headSources(
  { vocabulary, width }: Pick<EncoderConfig, "vocabulary" | "width">,
  { has }: HeadNaming,
  names: {
    readonly dense?: string;
    readonly norm?: string;
    /** A projection and its number of outputs; unset: the product with the embedding. */
    readonly output?: readonly [name: string, outputs: number];
    /** Possible names of the bias of token logits. */
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
