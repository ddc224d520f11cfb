import type { EncoderConfig } from "../config.ts";
import { maskedHead, pooledHead, tokenHeads } from "./bert.ts";
import type { FamilyHeads, HeadNaming } from "./head.ts";

/** The heads of gte v1.5: BERT's under other names, without that of the next sentence. */
export const gteHeads = (config: EncoderConfig, naming: HeadNaming, prefix: string): FamilyHeads => ({
  "masked-language": maskedHead(config, naming, {
    dense: "lm_head.dense",
    norm: "lm_head.norm",
    decoder: "lm_head.decoder",
    bias: ["lm_head.decoder.bias"],
  }),
  "sequence-classification": {
    ...pooledHead(config, naming, `${prefix}pooler.dense`, ["classifier", naming.labels]),
    shared: true,
  },
  ...tokenHeads(config, naming),
});
