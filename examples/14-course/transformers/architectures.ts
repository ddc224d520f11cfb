import { tensor } from "shaderformer";
import type { Run } from "../experiment.ts";
import { pairsIn, sharesOf, wordsOf } from "../pairs.ts";
import type { SettingsOf } from "../sections.ts";

/** Which token sees which in an encoder, a decoder, and an encoder-decoder, from the masks that the kernels use. */
export const run: Run<SettingsOf<"architectures">> = async function* (gpu, { source, target, padding }) {
  const [words, written] = [wordsOf(source, 24), wordsOf(target, 24)];
  const padded = [...words, ...Array.from({ length: padding }, () => "(padding)")];
  using ranges = tensor(gpu, [1, 2], Uint32Array.of(0, words.length), "u32");
  const isWord = { kind: "key-padding", ranges } as const;
  const encoder = await sharesOf(gpu, padded.length, padded.length, isWord);
  yield { kind: "grid", title: "An encoder: each word sees all words", rows: padded, columns: padded, values: encoder };
  const decoder = await sharesOf(gpu, words.length, words.length, "causal");
  yield {
    kind: "grid",
    title: "A decoder: each word sees those before it",
    rows: words,
    columns: words,
    values: decoder,
  };
  const own = await sharesOf(gpu, written.length, written.length, "causal");
  yield {
    kind: "grid",
    title: "An encoder-decoder: what is written sees what is written",
    rows: written,
    columns: written,
    values: own,
  };
  const cross = await sharesOf(gpu, written.length, padded.length, isWord);
  yield {
    kind: "grid",
    title: "… and all of the source, which its encoder has read",
    rows: written,
    columns: padded,
    values: cross,
  };
  yield {
    kind: "table",
    title: "What each is for",
    head: ["architecture", "trained on", "good for", "here"],
    rows: [
      ["encoder", "words that were hidden", "labels, vectors, search", "BERT, ModernBERT, voices-encoder"],
      ["decoder", "the next word of any text", "writing", "GPT, Llama, voices-nano"],
      ["encoder-decoder", "pairs of texts", "translation, summaries", "T5, BART, dates"],
    ],
  };
  // Padded places have outputs, which nothing reads: only rows of words count.
  return {
    words: words.length,
    "pairs of an encoder": pairsIn(encoder.slice(0, words.length)),
    "pairs of a decoder": pairsIn(decoder),
    "pairs of an encoder-decoder": pairsIn(encoder.slice(0, words.length)) + pairsIn(own) + pairsIn(cross),
    "words written": written.length,
  };
};
