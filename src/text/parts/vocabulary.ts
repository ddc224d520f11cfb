import {
  asArray,
  asBoolean,
  asInteger,
  asRecord,
  asString,
  describeValue,
  type JsonRecord,
  refuse,
} from "../json-field.ts";
import { TextError } from "../text-error.ts";

/** A token that is matched in the text before any other step. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
}

/** Every token of a tokenizer, in both directions, and its validated model in the form of tokenizer.json. */
export interface Vocabulary {
  readonly idOf: ReadonlyMap<string, number>;
  readonly tokenOf: ReadonlyMap<number, string>;
  readonly added: readonly AddedToken[];
  /** The model for the library. */
  readonly model: JsonRecord;
}

/** Longest added token: real ones have a few dozen characters. */
export const MAX_ADDED = 256;

/** Highest id accepted: real vocabularies have fewer than 2^19. */
const MAX_ID = 2 ** 24;

/** Older files have no model type: they are recognised by their fields, as in the Rust library. */
function modelType(model: JsonRecord): string {
  if (model["type"] !== undefined) return asString(model["type"], "tokenizer.json: model.type");
  if (model["merges"] !== undefined) return "BPE";
  return Array.isArray(model["vocab"]) ? "Unigram" : "WordPiece";
}

/** The vocabulary of a BPE or WordPiece model: token to id. */
function tokenIds(vocab: unknown): Map<string, number> {
  const field = "tokenizer.json: model.vocab";
  const ids = new Map<string, number>();
  const seen = new Map<number, string>();
  for (const [token, value] of Object.entries(asRecord(vocab, field))) {
    const name = `${field}[${describeValue(token)}]`;
    if (!token.isWellFormed()) throw new TextError(`${name}: the token is not well-formed Unicode`);
    const id = asInteger(value, name, 0, MAX_ID);
    const other = seen.get(id);
    if (other !== undefined) throw new TextError(`${name} is ${id}, which is also ${describeValue(other)}`);
    seen.set(id, token);
    ids.set(token, id);
  }
  if (ids.size === 0) throw new TextError(`${field} is empty`);
  return ids;
}

/** Merges as pairs, whether the file has pairs or "left right"; both halves and their concatenation must be tokens. */
function mergePairs(merges: unknown, ids: ReadonlyMap<string, number>): [string, string][] {
  const field = "tokenizer.json: model.merges";
  const pairs: [string, string][] = [];
  for (const [i, merge] of asArray(merges, field).entries()) {
    if (typeof merge === "string" && merge.startsWith("#version")) continue;
    const halves: readonly unknown[] = typeof merge === "string" ? merge.split(" ") : asArray(merge, `${field}[${i}]`);
    const [left, right] = halves;
    if (halves.length !== 2 || typeof left !== "string" || typeof right !== "string") {
      refuse(`${field}[${i}]`, merge, "two tokens");
    }
    for (const token of [left, right, left + right]) {
      if (!ids.has(token)) {
        throw new TextError(
          `${field}[${i}] is ${describeValue(merge)}, but model.vocab has no ${describeValue(token)}`,
        );
      }
    }
    pairs.push([left, right]);
  }
  return pairs;
}

function bpe(model: JsonRecord): Pick<Vocabulary, "idOf" | "model"> {
  const field = "tokenizer.json: model";
  const idOf = tokenIds(model["vocab"]);
  const prefix = asString(model["continuing_subword_prefix"] ?? "", `${field}.continuing_subword_prefix`);
  if (prefix !== "")
    throw new TextError(`${field}.continuing_subword_prefix is ${describeValue(prefix)}: not supported`);
  const unknown = model["unk_token"] ?? null;
  return {
    idOf,
    model: {
      type: "BPE",
      vocab: model["vocab"],
      merges: mergePairs(model["merges"], idOf),
      unk_token: unknown === null ? null : asString(unknown, `${field}.unk_token`),
      end_of_word_suffix: asString(model["end_of_word_suffix"] ?? "", `${field}.end_of_word_suffix`),
      fuse_unk: asBoolean(model["fuse_unk"], `${field}.fuse_unk`, false),
      byte_fallback: asBoolean(model["byte_fallback"], `${field}.byte_fallback`, false),
      ignore_merges: asBoolean(model["ignore_merges"], `${field}.ignore_merges`, false),
    },
  };
}

function wordPiece(model: JsonRecord): Pick<Vocabulary, "idOf" | "model"> {
  const field = "tokenizer.json: model";
  return {
    idOf: tokenIds(model["vocab"]),
    model: {
      type: "WordPiece",
      vocab: model["vocab"],
      unk_token: asString(model["unk_token"] ?? "[UNK]", `${field}.unk_token`),
      continuing_subword_prefix: asString(
        model["continuing_subword_prefix"] ?? "##",
        `${field}.continuing_subword_prefix`,
      ),
      max_input_chars_per_word: asInteger(
        model["max_input_chars_per_word"] ?? 100,
        `${field}.max_input_chars_per_word`,
        1,
        0xffffff,
      ),
    },
  };
}

function wordLevel(model: JsonRecord): Pick<Vocabulary, "idOf" | "model"> {
  const unknown = asString(model["unk_token"] ?? "<unk>", "tokenizer.json: model.unk_token");
  return { idOf: tokenIds(model["vocab"]), model: { type: "WordLevel", vocab: model["vocab"], unk_token: unknown } };
}

function unigram(model: JsonRecord): Pick<Vocabulary, "idOf" | "model"> {
  const field = "tokenizer.json: model";
  if (asBoolean(model["byte_fallback"], `${field}.byte_fallback`, false)) {
    throw new TextError(`${field}.byte_fallback is true in a Unigram model: not supported`);
  }
  const pieces = asArray(model["vocab"], `${field}.vocab`);
  if (pieces.length === 0) throw new TextError(`${field}.vocab is empty`);
  const idOf = new Map<string, number>();
  for (const [id, value] of pieces.entries()) {
    const [piece, score] = asArray(value, `${field}.vocab[${id}]`);
    if (typeof score !== "number" || !Number.isFinite(score)) refuse(`${field}.vocab[${id}][1]`, score, "a number");
    idOf.set(asString(piece, `${field}.vocab[${id}][0]`), id);
  }
  const unknown = model["unk_id"] ?? null;
  return {
    idOf,
    model: {
      type: "Unigram",
      vocab: pieces,
      unk_id: unknown === null ? null : asInteger(unknown, `${field}.unk_id`, 0, pieces.length - 1),
    },
  };
}

const MODELS: ReadonlyMap<string, (model: JsonRecord) => Pick<Vocabulary, "idOf" | "model">> = new Map([
  ["BPE", bpe],
  ["Unigram", unigram],
  ["WordPiece", wordPiece],
  ["WordLevel", wordLevel],
]);

function addedTokens(value: unknown): AddedToken[] {
  const tokens: AddedToken[] = [];
  for (const [i, item] of asArray(value ?? [], "tokenizer.json: added_tokens").entries()) {
    const field = `tokenizer.json: added_tokens[${i}]`;
    const token = asRecord(item, field);
    const flag = (name: string, fallback: boolean) => asBoolean(token[name], `${field}.${name}`, fallback);
    const content = asString(token["content"], `${field}.content`);
    const id = asInteger(token["id"], `${field}.id`, 0, MAX_ID);
    if (content === "") continue;
    if (content.length > MAX_ADDED) {
      throw new TextError(`${field}.content has ${content.length} characters, expected at most ${MAX_ADDED}`);
    }
    // The library matches such a token inside words too.
    if (flag("single_word", false)) throw new TextError(`${field}.single_word is true: not supported`);
    const special = flag("special", false);
    const normalized = flag("normalized", !special);
    tokens.push({ id, content, special, normalized, lstrip: flag("lstrip", false), rstrip: flag("rstrip", false) });
  }
  return tokens;
}

/** Reads the model and the added tokens of tokenizer.json. Throws a TextError that names the invalid field. */
export function readVocabulary(tokenizer: JsonRecord): Vocabulary {
  const model = asRecord(tokenizer["model"], "tokenizer.json: model");
  const type = modelType(model);
  const reader = MODELS.get(type);
  if (reader === undefined) {
    throw new TextError(
      `tokenizer.json: model.type is ${describeValue(type)}, known are ${[...MODELS.keys()].join(", ")}`,
    );
  }
  const read = reader(model);
  const idOf = new Map(read.idOf);
  const tokenOf = new Map<number, string>();
  for (const [token, id] of idOf) tokenOf.set(id, token);
  const added = addedTokens(tokenizer["added_tokens"]);
  for (const [i, { id, content }] of added.entries()) {
    const field = `tokenizer.json: added_tokens[${i}]`;
    const known = idOf.get(content) ?? id;
    const holder = tokenOf.get(id) ?? content;
    if (known !== id)
      throw new TextError(`${field}: ${describeValue(content)} has the id ${id}, but is ${known} already`);
    if (holder !== content) {
      throw new TextError(`${field}: ${describeValue(content)} has the id ${id} of ${describeValue(holder)}`);
    }
    idOf.set(content, id);
    tokenOf.set(id, content);
  }
  return { idOf, tokenOf, added, model: read.model };
}
