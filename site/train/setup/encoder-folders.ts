import type { Examples } from "../tasks/task.ts";
import { idsOf, json, type SmallFiles, smallFilesOf } from "./folder.ts";
import { type Settings, widthOf } from "./settings.ts";

/** Tokens of an encoder: the characters, and tokens that begin, end and mask a text. */
export function encoderTokens({ alphabet }: Pick<Examples, "alphabet">) {
  const begin = idsOf(alphabet).size;
  return { begin, end: begin + 1, mask: begin + 2, vocabulary: begin + 3 };
}

/** Under the names of BERT's tokenizers, in order of id. */
const names = ["[CLS]", "[SEP]", "[MASK]"] as const;

/** The settings of a new encoder, as in its `config.json`: with a classification head if examples have labels. */
export function encoderConfig(settings: Settings, examples: Examples): Record<string, unknown> {
  const { layers, heads } = settings;
  const { labels, promptLength, answerLength } = examples;
  const width = widthOf(settings);
  const context = (labels === undefined ? answerLength : promptLength) + 2;
  return {
    model_type: "bert",
    vocab_size: encoderTokens(examples).vocabulary,
    max_position_embeddings: context,
    hidden_size: width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    hidden_act: "gelu",
    type_vocab_size: 2,
    tie_word_embeddings: true,
    torch_dtype: "float32",
    ...(labels === undefined
      ? { architectures: ["BertForMaskedLM"] }
      : { architectures: ["BertForSequenceClassification"], id2label: Object.fromEntries([...labels].entries()) }),
  };
}

interface TokenizerFile {
  readonly added_tokens: readonly object[];
  readonly model: { readonly vocab: Readonly<Record<string, number>> };
}

/** The tokenizer of a new encoder: every text begins and ends with a special token. */
export function encoderFilesOf(examples: Examples): SmallFiles {
  const files = smallFilesOf(examples);
  const tokenizer = JSON.parse(files["tokenizer.json"] ?? "{}") as TokenizerFile;
  const { begin } = encoderTokens(examples);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const special = (id: string, type_id: number) => ({ SpecialToken: { id, type_id } });
  const single = [special("[CLS]", 0), { Sequence: { id: "A", type_id: 0 } }, special("[SEP]", 0)];
  const pair = [...single, { Sequence: { id: "B", type_id: 1 } }, special("[SEP]", 1)];
  const around = names.slice(0, 2).map((name, i) => [name, { id: name, ids: [begin + i], tokens: [name] }]);
  const vocab = { ...tokenizer.model.vocab, ...Object.fromEntries(names.map((name, i) => [name, begin + i])) };
  return {
    "tokenizer_config.json": files["tokenizer_config.json"] ?? "",
    "tokenizer.json": json({
      ...tokenizer,
      added_tokens: [...tokenizer.added_tokens, ...names.map((content, i) => ({ id: begin + i, content, ...flags }))],
      post_processor: { type: "TemplateProcessing", single, pair, special_tokens: Object.fromEntries(around) },
      model: { ...tokenizer.model, vocab },
    }),
  };
}
