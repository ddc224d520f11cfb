import { flag, optional } from "../../json/fields.ts";
import { type TokenizerKind, type Tokens, tokenKinds, vocabularyOf } from "./tokens.ts";

/** Maximum characters compared for merges: tokens in real vocabularies have about ten characters. */
const maxCompared = 2 ** 28;

/**
 * The merges of a vocabulary with scores: SentencePiece merges the pair of neighbours whose token has the highest
 * score, so the pairs of each token are ordered by score (Kudo and Richardson 2018; transformers derives them
 * likewise).
 */
function mergesOf({ reader, texts, kinds, scores }: Tokens, vocabulary: Readonly<Record<string, number>>) {
  const ids = new Map(Object.entries(vocabulary));
  const mergeable = (id: number) => kinds[id] === tokenKinds.normal || kinds[id] === tokenKinds.userDefined;
  const merges: { readonly left: number; readonly right: number; readonly score: number }[] = [];
  let compared = 0;
  for (const [id, token] of texts.entries()) {
    if (!mergeable(id) || ids.get(token) !== id) continue;
    compared += token.length ** 2;
    if (compared > maxCompared) reader.fail("tokenizer.ggml.tokens", "has too many long tokens");
    const own: typeof merges = [];
    for (let at = 1; at < token.length; at++) {
      const [left, right] = [ids.get(token.slice(0, at)), ids.get(token.slice(at))];
      if (left === undefined || right === undefined || !mergeable(left) || !mergeable(right)) continue;
      own.push({ left, right, score: scores[id] ?? 0 });
    }
    own.sort((a, b) => a.left - b.left || a.right - b.right);
    for (const merge of own) merges.push(merge);
  }
  // Sorting is stable for equal scores.
  merges.sort((a, b) => b.score - a.score);
  return merges.map(({ left, right }): [string, string] => [texts[left] ?? "", texts[right] ?? ""]);
}

/** The kind `llama`: SentencePiece's pairs, merged by their scores, with tokens for single bytes. */
export function sentencePieces(tokens: Tokens): TokenizerKind {
  const { reader, texts, kinds, scores } = tokens;
  if (scores.length === 0) reader.fail("tokenizer.ggml.scores", "is missing");
  const vocab = vocabularyOf(tokens);
  const prefix = reader.field("tokenizer.ggml.add_space_prefix", optional(flag, true));
  const unknown = kinds.indexOf(tokenKinds.unknown);
  const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  return {
    normalizer: { type: "Sequence", normalizers: [...(prefix ? [{ type: "Prepend", prepend: "▁" }] : []), spaces] },
    preTokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: "BPE",
      vocab,
      merges: mergesOf(tokens, vocab),
      byte_fallback: true,
      fuse_unk: true,
      ...(unknown < 0 ? {} : { unk_token: texts[unknown] }),
    },
    bos: 1,
    eos: 2,
    addsBos: true,
    warnings: [],
  };
}
