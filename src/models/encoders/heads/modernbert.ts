import { choice, optional } from "../../../formats/fields.ts";
import { activationName, activationOf } from "../../config-fields.ts";
import type { EncoderConfig } from "../config.ts";
import { maskedHead } from "./bert.ts";
import type { EncoderHead, FamilyHeads, HeadNaming } from "./head.ts";
import { headSources } from "./sources.ts";

/**
 * ModernBERT's heads: the same projection, activation and norm before each output; that of a text reads its first state or
 * the mean of all. The outputs of texts, tokens and answers have one name.
 */
export function modernBertHeads(config: EncoderConfig, naming: HeadNaming): FamilyHeads {
  const activation = activationOf(
    naming.config.field("classifier_activation", optional(activationName(false), "gelu")),
  );
  const pooling = naming.config.field("classifier_pooling", optional(choice(["cls", "mean"]), "cls"));
  const transform = { dense: "head.dense", norm: "head.norm" };
  const classifier = (rows: EncoderHead["rows"], outputs: number): EncoderHead => ({
    rows,
    activation,
    sources: headSources(config, naming, { ...transform, output: ["classifier", outputs] }),
    own: "classifier.weight",
    shared: true,
  });
  return {
    "masked-language": {
      ...maskedHead(config, naming, { ...transform, decoder: "decoder", bias: ["decoder.bias"] }, { activation }),
      own: "decoder.bias",
    },
    "sequence-classification": classifier(pooling === "cls" ? "first" : "mean", naming.labels),
    "token-classification": classifier("each", naming.labels),
    "question-answering": classifier("each", 2),
  };
}
