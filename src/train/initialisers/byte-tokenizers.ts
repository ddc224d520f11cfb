import { byteLevelText } from "../../text/byte-level.ts";

const stage = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };

/** A tokenizer whose tokens are the first of all bytes, up to 256. */
export function bytesTokenizer(tokens: number) {
  const bytes = Uint8Array.from({ length: Math.min(256, tokens) }, (_, byte) => byte);
  const vocab = Object.fromEntries([...byteLevelText(bytes)].map((character, id) => [character, id]));
  const model = { type: "BPE", vocab, merges: [] };
  return { version: "1.0", added_tokens: [] as object[], pre_tokenizer: stage, decoder: stage, model };
}

const marks = ["[CLS]", "[SEP]", "[MASK]"] as const;

/** The same for an encoder: after the bytes come the token that begins a text, the one that ends it, and the mask. */
export function markedBytesTokenizer(vocabulary: number) {
  const bytes = Math.min(256, vocabulary - marks.length);
  if (bytes < 1) return bytesTokenizer(vocabulary);
  const { model, ...rest } = bytesTokenizer(bytes);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const special = ([id, type_id]: readonly [string, number]) => ({ SpecialToken: { id, type_id } });
  const single = [special(["[CLS]", 0]), { Sequence: { id: "A", type_id: 0 } }, special(["[SEP]", 0])];
  const pair = [...single, { Sequence: { id: "B", type_id: 1 } }, special(["[SEP]", 1])];
  const ids = marks.map((token, i) => [token, { id: token, ids: [bytes + i], tokens: [token] }]);
  return {
    ...rest,
    added_tokens: marks.map((content, i) => ({ id: bytes + i, content, ...flags })),
    post_processor: { type: "TemplateProcessing", single, pair, special_tokens: Object.fromEntries(ids.slice(0, 2)) },
    model: { ...model, vocab: { ...model.vocab, ...Object.fromEntries(marks.map((token, i) => [token, bytes + i])) } },
  };
}
