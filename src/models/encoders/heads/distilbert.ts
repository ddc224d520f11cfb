import type { EncoderConfig } from "../config.ts";
import { maskedHead, tokenHeads } from "./bert.ts";
import type { FamilyHeads, HeadNaming } from "./head.ts";
import { headSources } from "./sources.ts";

/** DistilBERT's heads: a classifier with ReLU in place of a pooler with tanh, and the eps of the code. */
export const distilBertHeads = (config: EncoderConfig, naming: HeadNaming): FamilyHeads => ({
  "masked-language": maskedHead(
    config,
    naming,
    {
      dense: "vocab_transform",
      norm: "vocab_layer_norm",
      decoder: "vocab_projector",
      bias: ["vocab_projector.bias"],
    },
    { activation: config.activation, eps: 1e-12 },
  ),
  "sequence-classification": {
    rows: "first",
    activation: "relu",
    sources: headSources(config, naming, { dense: "pre_classifier", output: ["classifier", naming.labels] }),
    own: "pre_classifier.weight",
  },
  ...tokenHeads(config, naming),
});
