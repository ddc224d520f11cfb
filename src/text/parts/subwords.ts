import type { BPE, Unigram, WordPiece } from "@huggingface/tokenizers";
import type { StepLimit } from "../pattern/step-limit.ts";
import { byteLevelText } from "./byte-level.ts";

/** Splits the pieces of a text into tokens, with an unknown token if none matches. */
export interface Subwords {
  (pieces: readonly string[], limit: StepLimit): string[];
  /** Maximum characters of a token, if none are dropped or joined as unknown. */
  readonly longest?: number;
}

const longestOf = (tokens: Iterable<string>) => {
  let longest = 1;
  for (const token of tokens) longest = Math.max(longest, token.length);
  return longest;
};

/** Merges like the library, with a queue of pairs; tokens are compared character by character. */
export function bpeSubwords(model: BPE, byteLevel = false): Subwords {
  const encode = model.encode.bind(model);
  const longest = longestOf(model.tokens_to_ids.keys());
  const subwords: Subwords = (pieces, limit) => {
    for (const { length } of pieces)
      limit.take(1 + 20 * length + Math.floor((length * Math.min(length, longest)) / 16));
    return encode([...pieces]);
  };
  const bytes = Array.from({ length: 256 }, (_, byte) =>
    byteLevel ? byteLevelText(Uint8Array.of(byte)) : `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const hasAll = (byteLevel || model.byte_fallback) && bytes.every((one) => model.tokens_to_ids.has(one));
  const keepsAll = hasAll || (!model.fuse_unk && (model.unk_token ?? null) !== null);
  return Object.assign(subwords, keepsAll ? { longest: Math.max(longest, 2) } : {});
}

/**
 * The likeliest split of a piece into tokens, by dynamic programming over its characters (Kudo 2018, "Subword
 * Regularization", section 3.2). The library compares every two adjacent tokens, so a vocabulary of `a`, `aa`, `aaa`, …
 * takes it quadratic time.
 */
export function unigramSubwords(model: Unigram): Subwords {
  const { tokens_to_ids, scores, unk_score } = model;
  const { root } = model.trie;

  function cut(piece: string, limit: StepLimit): string[] {
    const characters = [...piece];
    const best = new Float64Array(characters.length + 1).fill(Number.NEGATIVE_INFINITY);
    const from = new Int32Array(characters.length + 1);
    best[0] = 0;
    const offer = (begin: number, end: number, score: number) => {
      const total = (best[begin] ?? 0) + score;
      if (total > (best[end] ?? 0)) {
        best[end] = total;
        from[end] = begin;
      }
    };
    for (let begin = 0; begin < characters.length; begin++) {
      let node = root.children.get(characters[begin] ?? "");
      let token = "";
      limit.take(1);
      if (!node?.is_leaf) offer(begin, begin + 1, unk_score);
      for (let end = begin + 1; node !== undefined; end++) {
        token += characters[end - 1];
        limit.take(1);
        if (node.is_leaf) {
          limit.take(token.length);
          offer(begin, end, scores[tokens_to_ids.get(token) ?? -1] ?? unk_score);
        }
        node = end < characters.length ? node.children.get(characters[end] ?? "") : undefined;
      }
    }
    const tokens: string[] = [];
    for (let end = characters.length; end > 0; end = from[end] ?? 0) {
      tokens.push(characters.slice(from[end], end).join(""));
    }
    return tokens.reverse();
  }

  return (pieces, limit) => pieces.flatMap((piece) => cut(piece, limit));
}

/** The longest token first, from the left (Song et al. 2020, "Fast WordPiece Tokenization", section 2). */
export function wordPieceSubwords(model: WordPiece, prefix: string): Subwords {
  const { tokens_to_ids, max_input_chars_per_word } = model;
  const unknown = model.unk_token ?? "";
  const longest = longestOf(tokens_to_ids.keys());

  function cut(piece: string, limit: StepLimit): string[] {
    const characters = [...piece];
    limit.take(1 + characters.length);
    if (characters.length > max_input_chars_per_word) return [unknown];
    const tokens: string[] = [];
    for (let begin = 0; begin < characters.length; ) {
      let end = Math.min(characters.length, begin + longest);
      let token: string | undefined;
      for (; token === undefined && end > begin; end--) {
        limit.take(1 + (end - begin) / 4);
        const candidate = (begin > 0 ? prefix : "") + characters.slice(begin, end).join("");
        if (tokens_to_ids.has(candidate)) token = candidate;
      }
      if (token === undefined) return [unknown];
      tokens.push(token);
      begin = end + 1;
    }
    return tokens;
  }

  return (pieces, limit) => pieces.flatMap((piece) => cut(piece, limit));
}

/** Whole pieces as tokens, else the unknown token. */
export function wordLevelSubwords(isToken: (piece: string) => boolean, unknown: string): Subwords {
  return (pieces, limit) =>
    pieces.map((piece) => {
      limit.take(1 + piece.length);
      return isToken(piece) ? piece : unknown;
    });
}
