import { describeValue } from "./json-field.ts";
import { encoderOf, textLibrary, tokenizerParts } from "./library-tokenizer.ts";
import { readVocabulary } from "./parts/vocabulary.ts";
import type { PieceModel } from "./sentencepiece.ts";
import { TextError } from "./text-error.ts";
import type { Encoder } from "./text-library.ts";
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts";

const UNKNOWN = "<unk>";
const SPECIAL = ["</s>", UNKNOWN, "<pad>"];
const METASPACE = { type: "Metaspace", replacement: "▁", prepend_scheme: "always" };

/** The `tokenizer.json` of a model that splits texts into these pieces; ids are indices of pieces. */
function cutting({ pieces, normalises }: PieceModel, file: string) {
  const unknown = pieces.findIndex(({ kind }) => kind === "unknown");
  if (unknown < 0) throw new TextError(`${file} has no unknown piece`);
  const scores = pieces.filter(({ kind }) => kind === "normal").map(({ score }) => score);
  const least = Math.min(...scores);
  // Control pieces must not match in a text, so their content is one that no text contains.
  const vocab = pieces.map(({ piece, score, kind }, i) =>
    kind === "normal" || kind === "user-defined" ? [piece, score] : [i === unknown ? UNKNOWN : `\0${i}`, least],
  );
  return {
    normalizer: normalises ? { type: "Precompiled" } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "CharDelimiterSplit", delimiter: " " }, METASPACE] },
    decoder: METASPACE,
    added_tokens: [],
    model: { type: "Unigram", unk_id: unknown, vocab },
  };
}

/**
 * The tokenizer of a Marian folder without `tokenizer.json`: a SentencePiece model splits a text, `vocab.json` has the
 * ids. A text may begin with a language code, `>>de<<`; runs of characters without a piece are looked up as they are; a
 * text ends with `</s>`. (transformers, models/marian/tokenization_marian.py.) Throws a TextError, with the file, for a
 * vocabulary that does not fit.
 */
export function createMarianTokenizer(
  model: PieceModel,
  vocabulary: unknown,
  tokenizerConfig: unknown,
  files: { readonly pieces: string; readonly vocabulary: string },
): Tokenizer {
  if (typeof vocabulary !== "object" || vocabulary === null || Array.isArray(vocabulary)) {
    throw new TextError(`${files.vocabulary} is ${describeValue(vocabulary)}, expected an object of tokens and ids`);
  }
  const ids = new Map(Object.entries(vocabulary as Readonly<Record<string, unknown>>));
  for (const token of SPECIAL.slice(0, 2)) {
    if (!ids.has(token)) throw new TextError(`${files.vocabulary} has no ${token}`);
  }
  const special = SPECIAL.filter((token) => ids.has(token));
  const end = ids.get("</s>");
  const json = {
    added_tokens: special.map((content) => ({ id: ids.get(content), content, special: true, normalized: false })),
    decoder: METASPACE,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "</s>", type_id: 0 } }],
      pair: [],
      special_tokens: { "</s>": { id: "</s>", ids: [end], tokens: ["</s>"] } },
    },
    model: { type: "WordLevel", unk_token: UNKNOWN, vocab: vocabulary },
  };
  return tokenizerOf(json, tokenizerConfig, {
    ...textLibrary,
    encoder(_, { idOf }) {
      const own = cutting(model, files.pieces);
      const read = readVocabulary(own);
      const pieces = encoderOf(tokenizerParts(own, read));
      const unknown = idOf.get(UNKNOWN) ?? 0;
      const encoder: Encoder = {
        encode(text) {
          const code = /^>>.+<</.exec(text)?.[0] ?? "";
          const cut = pieces.encode(text.slice(code.length)).tokens;
          const tokens = code === "" ? [] : [code];
          let isUnknown = false;
          for (const piece of cut) {
            const wasUnknown = isUnknown;
            isUnknown = !read.idOf.has(piece);
            const last = tokens.length - 1;
            if (isUnknown && wasUnknown) tokens[last] = `${tokens[last]}${piece}`;
            else tokens.push(piece);
          }
          return { tokens, ids: tokens.map((token) => idOf.get(token) ?? unknown) };
        },
        *slices(text, most) {
          const whole = encoder.encode(text); // linear in the text: there are no words to split
          yield;
          return whole.ids.length > most ? undefined : whole;
        },
      };
      return encoder;
    },
  });
}
