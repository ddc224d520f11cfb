import type { EncoderConfig } from "../config.ts";
import type { EncoderHead, FamilyHeads, HeadNaming } from "./head.ts";
import { headSources } from "./sources.ts";

/** A head on every token's state, without anything between. */
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
    /** Its projection where it is not the embedding. */
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

/** Heads that most families have, on states of tokens alone. */
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
 * The heads of RoBERTa (Liu et al. 2019) and MPNet. That for masked language has erf GELU whatever the layers have, and the
 * one for texts a projection of its own in place of the pooler.
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
