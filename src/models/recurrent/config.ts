import { choice, flag, integer, only, optional, readFields } from "../../formats/json/fields.ts";
import type { NamedShapes } from "../weights/named-weights.ts";

/** The settings of a recurrent encoder-decoder. */
export interface RecurrentConfig {
  /** Vocabulary, shared by sources and targets: rows of the embedding and of the head. */
  readonly vocabulary: number;
  /** Width of the embedding, e. */
  readonly embedding: number;
  /** Width of the decoder's state, h; the encoder's state is as wide, half for each of two directions. */
  readonly width: number;
  /**
   * `none`: the decoder starts from the encoder's last state and sees nothing else of the source (Cho et al. 2014;
   * Sutskever et al. 2014). Otherwise it also attends to all states of the encoder, by its own current state: `dot`,
   * weighted by their products (Luong et al. 2015), or `additive` (Bahdanau et al. 2015), whose tanh is as wide as the
   * state.
   */
  readonly attention: "none" | "dot" | "additive";
  /** True: the encoder reads sources in both directions. */
  readonly bidirectional: boolean;
  /** The token that targets begin with: read, never predicted. */
  readonly start?: number | undefined;
  /** The token that ends a target. */
  readonly end?: number | undefined;
}

/**
 * Reads a parsed config.json of `model_type` `gru-encoder-decoder`: `vocab_size`, `embedding_size`, `hidden_size`,
 * `attention`, `bidirectional`, `decoder_start_token_id` and `eos_token_id`.
 *
 * @throws FormatError for a field that is missing or invalid.
 */
export function readRecurrentConfig(file: string, parsed: unknown): RecurrentConfig {
  const reader = readFields(file, parsed);
  const { vocab_size, embedding_size, hidden_size, attention, bidirectional } = reader.read({
    model_type: only("gru-encoder-decoder"),
    vocab_size: integer(),
    embedding_size: integer(),
    hidden_size: integer(),
    attention: optional(choice(["none", "dot", "additive"]), "none"),
    bidirectional: optional(flag, false),
  });
  const token = optional(integer(0, vocab_size - 1));
  const tokens = reader.read({ decoder_start_token_id: token, eos_token_id: token });
  if (bidirectional && hidden_size % 2 !== 0) {
    reader.fail("hidden_size", `is ${hidden_size}, expected an even number: each direction has half of the state`);
  }
  return {
    vocabulary: vocab_size,
    embedding: embedding_size,
    width: hidden_size,
    attention,
    bidirectional,
    start: tokens.decoder_start_token_id,
    end: tokens.eos_token_id,
  };
}

/** The tensors of a GRU with inputs of width `inputs` and a state of width `width`, under PyTorch's names. */
const gruShapes = (prefix: string, suffix: string, inputs: number, width: number): NamedShapes => ({
  [`${prefix}weight_ih_l0${suffix}`]: [3 * width, inputs],
  [`${prefix}weight_hh_l0${suffix}`]: [3 * width, width],
  [`${prefix}bias_ih_l0${suffix}`]: [3 * width],
  [`${prefix}bias_hh_l0${suffix}`]: [3 * width],
});

/** The tensors of a recurrent encoder-decoder: those of `torch.nn.GRU`, `torch.nn.Embedding` and `torch.nn.Linear`. */
export function recurrentShapes({
  vocabulary,
  embedding,
  width,
  attention,
  bidirectional,
}: RecurrentConfig): NamedShapes {
  const each = bidirectional ? width / 2 : width;
  return {
    "embedding.weight": [vocabulary, embedding],
    ...gruShapes("encoder.", "", embedding, each),
    ...(bidirectional ? gruShapes("encoder.", "_reverse", embedding, each) : {}),
    ...gruShapes("decoder.", "", embedding, width),
    ...(attention === "additive"
      ? { "query.weight": [width, width], "key.weight": [width, width], "score.weight": [1, width] }
      : {}),
    ...(attention === "none" ? {} : { "combine.weight": [width, 2 * width] }),
    "head.weight": [vocabulary, width],
    "head.bias": [vocabulary],
  };
}
