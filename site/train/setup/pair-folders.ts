import type { Examples } from "../tasks/task.ts";
import { idsOf, json, type SmallFiles, smallFilesOf } from "./folder.ts";
import { type Settings, widthOf } from "./settings.ts";

/** Tokens of models of pairs: the characters, and the start token of targets. */
export function pairTokens({ alphabet, end }: Pick<Examples, "alphabet" | "end">) {
  const ids = idsOf(alphabet);
  return { start: ids.size, vocabulary: ids.size + 1, end: end === undefined ? undefined : ids.get(end) };
}

/** The start and end tokens of targets, as in config.json. */
function markedBy(examples: Examples): Readonly<Record<string, number>> {
  const { start, end } = pairTokens(examples);
  return { decoder_start_token_id: start, ...(end === undefined ? {} : { eos_token_id: end }) };
}

/** The settings of a new Transformer of 2017, as in its `config.json`. */
export function encoderDecoderConfig(settings: Settings, examples: Examples): Record<string, unknown> {
  const { layers, heads } = settings;
  const { promptLength, answerLength } = examples;
  return {
    model_type: "transformer-2017",
    vocab_size: pairTokens(examples).vocabulary,
    d_model: widthOf(settings),
    nhead: heads,
    num_encoder_layers: layers,
    num_decoder_layers: layers,
    dim_feedforward: 4 * widthOf(settings),
    max_position_embeddings: Math.max(promptLength, answerLength + 1),
    tie_word_embeddings: true,
    ...markedBy(examples),
    torch_dtype: "float32",
  };
}

/** The settings of a new recurrent encoder-decoder; with attention its encoder is bidirectional. */
export function recurrentConfig(settings: Settings, examples: Examples): Record<string, unknown> {
  const isAttentive = settings.architecture === "gru-attention";
  return {
    model_type: "gru-encoder-decoder",
    vocab_size: pairTokens(examples).vocabulary,
    embedding_size: settings.width,
    hidden_size: settings.width,
    attention: isAttentive ? "dot" : "none",
    bidirectional: isAttentive,
    ...markedBy(examples),
  };
}

/** The tokenizer and generation settings of a model of pairs. */
export const pairFilesOf = (examples: Examples): SmallFiles => ({
  ...smallFilesOf(examples),
  "generation_config.json": json({
    do_sample: false,
    max_new_tokens: examples.answerLength,
    ...markedBy(examples),
  }),
});
