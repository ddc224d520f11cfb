import { type FieldReader, flag, integer, optional, unsupported } from "../../formats/json/fields.ts";
import { headOf, postNormLayers, prefixOf, readPostNorm, sharedEmbedding } from "./bart.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import type { EncoderDecoderFamily, EncoderDecoderSources } from "./family.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  decoder_vocab_size: optional(integer(1, 1 << 24)),
  share_encoder_decoder_embeddings: optional(flag, true),
  pad_token_id: optional(integer(0), 58_100),
  static_position_embeddings: unsupported("learned positions are not supported", true),
  normalize_embedding: unsupported("a norm of the embeddings is not supported", false),
};

/**
 * Marian (Junczys-Dowmunt et al. 2018) as the OPUS models have it: the Transformer of 2017 with sines of positions,
 * then cosines, and a bias of the logits; its stacks may have separate embeddings. The padding token begins a text.
 */
function read(config: FieldReader, architecture: string): EncoderDecoderConfig {
  const given = config.read(fields);
  const { pad_token_id: pad, vocab_size: source, decoder_vocab_size: target = source } = given;
  const positions = { kind: "sinusoidal", spelling: { layout: "halves", frequencies: "paper" } } as const;
  const common = readPostNorm(config, architecture, { positions, end: 0, start: pad, pad });
  if (given.share_encoder_decoder_embeddings) {
    if (target === source) return common;
    const problem = `is ${target}, but vocab_size is ${source}, and share_encoder_decoder_embeddings true`;
    return config.fail("decoder_vocab_size", problem);
  }
  return { ...common, vocabulary: target, ownSource: true };
}

function outer(config: EncoderDecoderConfig, has: (name: string) => boolean): EncoderDecoderSources {
  const { vocabulary, sourceVocabulary, width, ownSource = false } = config;
  const at = prefixOf(has);
  const own = {
    embedding: { name: `${at}decoder.embed_tokens.weight`, shape: [vocabulary, width] },
    sourceEmbedding: { name: `${at}encoder.embed_tokens.weight`, shape: [sourceVocabulary, width] },
  };
  const embeddings = ownSource ? own : { embedding: sharedEmbedding(config, has) };
  return { ...embeddings, encoder: {}, decoder: {}, ...headOf(config, has) };
}

export const marian: EncoderDecoderFamily = {
  modelTypes: ["marian"],
  read,
  outer,
  ...postNormLayers,
  fresh: () => ["final_logits_bias"],
  // Position tables, which are computed here, and copies of the embedding.
  extras: ({ tied, ownSource = false }) => [
    /^(model\.)?(encoder|decoder)\.embed_positions\.weight$/,
    ...(ownSource ? [] : [/^(model\.)?((encoder|decoder)\.embed_tokens|shared)\.weight$/]),
    ...(tied ? [/^lm_head\.weight$/] : []),
  ],
};
