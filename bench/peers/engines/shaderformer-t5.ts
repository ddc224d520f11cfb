import { loadEncoderDecoder } from "../../../src/encoders.ts";
import type { FileSource, Gpu } from "../../../src/index.ts";
import type { SequenceProblem } from "../problems.ts";
import { t5Ids, t5Small, t5Sources, t5Tensors } from "../t5.ts";
import { withDispatches } from "./count-dispatches.ts";
import type { Prepared } from "./engine.ts";
import { folderInMemory, wordOf, wordTokenizer } from "./folder-in-memory.ts";

/** The encoder-decoder by this engine: from texts to tokens, tokenizer included. */
export const sequenceWays = (gpu: Gpu, problem: SequenceProblem): (() => Promise<Prepared>)[] => [
  async () => {
    const model = await loadEncoderDecoder(gpu, t5Folder());
    const texts = t5Sources(problem).map((ids) => ids.slice(0, -1).map(wordOf).join(" "));
    let tokens: readonly number[] = [];
    return withDispatches({
      variant: "generate",
      run: async () => {
        const { results } = await model.generate(texts, { maxTokens: problem.tokens, temperature: 0, beams: 1 });
        tokens = results.flatMap(({ ids }) => ids);
      },
      settle: async () => {},
      read: async () => tokens,
      dispose: () => model.dispose(),
    });
  },
];

/** The model as a T5 folder in memory. */
function t5Folder(): FileSource {
  const { vocabulary, width, layers, heads, headWidth, hidden, buckets, farthest, eps } = t5Small;
  const { start, end, unknown } = t5Ids;
  const special = { "<pad>": start, "</s>": end, "<unk>": unknown };
  const ends = { decoder_start_token_id: start, eos_token_id: end, pad_token_id: start };
  const json = {
    "config.json": {
      architectures: ["T5ForConditionalGeneration"],
      model_type: "t5",
      is_encoder_decoder: true,
      ...ends,
      d_model: width,
      d_kv: headWidth,
      d_ff: hidden,
      num_heads: heads,
      num_layers: layers,
      vocab_size: vocabulary,
      relative_attention_num_buckets: buckets,
      relative_attention_max_distance: farthest,
      layer_norm_epsilon: eps,
      feed_forward_proj: "relu",
      tie_word_embeddings: false,
    },
    "generation_config.json": ends,
    "tokenizer.json": wordTokenizer({ special, vocabulary, unknown: "<unk>", after: "</s>" }),
    "tokenizer_config.json": { pad_token: "<pad>", eos_token: "</s>", unk_token: "<unk>" },
  };
  return folderInMemory("the encoder-decoder of bench peers", json, t5Tensors());
}
