import { byteLevelText } from "../../../src/text/parts/byte-level.ts";
import type { Examples } from "../tasks/task.ts";
import { expertWidth, type Settings, widthOf } from "./settings.ts";

/** A folder's small files, by name. */
export type SmallFiles = Readonly<Record<string, string>>;

/** A value as in a file. */
export const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** The settings of a new model, as in its `config.json`. */
export function configOf(
  settings: Settings,
  { alphabet, promptLength, answerLength }: Examples,
): Record<string, unknown> {
  const { architecture, layers, heads } = settings;
  const width = widthOf(settings);
  const [vocabulary, context] = [alphabet.length, promptLength + answerLength];
  if (architecture === "gpt2") {
    return {
      model_type: "gpt2",
      architectures: ["GPT2LMHeadModel"],
      vocab_size: vocabulary,
      n_positions: context,
      n_embd: width,
      n_layer: layers,
      n_head: heads,
      activation_function: "gelu_new",
      layer_norm_epsilon: 1e-5,
      tie_word_embeddings: true,
      torch_dtype: "float32",
    };
  }
  const { experts, chosen, routerLoss } = settings;
  const kind =
    architecture === "llama"
      ? { model_type: "llama", architectures: ["LlamaForCausalLM"], intermediate_size: 3 * width }
      : {
          model_type: "mixtral",
          architectures: ["MixtralForCausalLM"],
          intermediate_size: expertWidth(settings),
          num_local_experts: experts,
          num_experts_per_tok: chosen,
          router_aux_loss_coef: routerLoss,
        };
  return {
    ...kind,
    vocab_size: vocabulary,
    max_position_embeddings: context,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: heads,
    hidden_act: "silu",
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
    torch_dtype: "float32",
  };
}

/**
 * The tokenizer and generation settings of a new model: a token is a character, which is a byte of UTF-8, or one of the
 * words represented by some characters.
 */
export function smallFilesOf({ alphabet, words, promptLength, answerLength, end }: Examples): SmallFiles {
  const context = promptLength + answerLength;
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const ids = [...idsOf(alphabet)];
  const vocab = Object.fromEntries(
    ids
      .filter(([character]) => !words?.has(character))
      .map(([character, id]) => [byteLevelText(Uint8Array.of(character.charCodeAt(0))), id]),
  );
  const added = ids.flatMap(([character, id]) => {
    const content = words?.get(character);
    if (content === undefined) return [];
    const strips = { single_word: false, lstrip: false, rstrip: false, normalized: false };
    return [{ id, content, ...strips, special: content.startsWith("<|") }];
  });
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab,
    merges: [],
  };
  return {
    "tokenizer.json": json({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model,
    }),
    "tokenizer_config.json": json({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: context,
      clean_up_tokenization_spaces: false,
    }),
    "generation_config.json": json({
      do_sample: false,
      max_new_tokens: answerLength,
      ...(end === undefined ? {} : { eos_token_id: idsOf(alphabet).get(end) }),
    }),
  };
}

/** The character of each token, by its id. */
export const idsOf = (alphabet: string): ReadonlyMap<string, number> =>
  new Map([...alphabet].map((character, id) => [character, id]));
