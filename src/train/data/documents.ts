import { FormatError } from "../../formats/format-error.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import { decodeUtf8 } from "../../formats/read-text.ts";
import {
  between,
  type Check,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  listOf,
  required,
  text,
} from "../../options/checks.ts";
import { splitDocuments } from "../../text/split-documents.ts";
import { type Conversation, conversationOf, textsOf } from "./conversations.ts";

/** A document: a text, the ids of its tokens, or a conversation. */
export interface TrainingDocument {
  /** File, and line or index, for messages. */
  readonly where: string;
  /** For a conversation, all its texts. */
  readonly content: string | ArrayLike<number>;
  /** Unset: everything is learnt. */
  readonly conversation?: Conversation;
}

const fields = fieldsOf<TrainingDocument>({
  where: required(text),
  content: required(either(text, having("length", "a list of token ids"))),
  conversation: having("messages", "a conversation"),
});

const record: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object with where and content";

/** A list of documents and texts as documents. Throws `OptionError` for any other entry. */
export function checkDocuments(
  where: string,
  documents: readonly (string | TrainingDocument)[],
): readonly TrainingDocument[] {
  checkValue(where, "documents", listOf(either(text, record)), documents);
  return documents.map((document, i) => {
    if (typeof document === "string") return { where: `document ${i}`, content: document };
    checkOptions(where, fields, document, `documents[${i}].`);
    return document;
  });
}

/** The line between documents of a text file, as in GPT-2. */
const documentSeparator = "<|endoftext|>";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function tokensOf(where: string, value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw new FormatError(where, "is no list of token ids", { field: "tokens" });
  const wrong = value.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= 2 ** 32);
  if (wrong < 0) return value;
  const found = JSON.stringify(value[wrong]);
  throw new FormatError(where, `is ${found}, expected a token id`, { field: `tokens[${wrong}]` });
}

function entryOf(where: string, value: unknown): TrainingDocument {
  if (isRecord(value) && "messages" in value) {
    const conversation = conversationOf(where, value);
    return { where, content: textsOf(conversation), conversation };
  }
  if (isRecord(value) && typeof value["text"] === "string") return { where, content: value["text"] };
  if (isRecord(value) && "tokens" in value) return { where, content: tokensOf(where, value["tokens"]) };
  throw new FormatError(
    where,
    'has neither a text nor tokens, expected {"text": "…"}, {"tokens": [id, …]} or {"messages": […]}',
  );
}

/** Formats of document files by extension; any other is text. */
const formats: Readonly<Record<string, (file: string, bytes: Uint8Array) => TrainingDocument[]>> = {
  /** One document per line: `{"text": "…"}`, `{"tokens": [id, …]}` or `{"messages": […]}`. */
  ".jsonl": (file, bytes) =>
    decodeUtf8(file, bytes, false)
      .split("\n")
      .flatMap((line, i) => {
        const where = `${file}: line ${i + 1}`;
        return line.trim() === "" ? [] : [entryOf(where, parseJson(where, line))];
      }),
  /** Token ids: one list, a list of lists, or as a line of JSONL. */
  ".json": (file, bytes) => {
    const value = parseJson(file, decodeUtf8(file, bytes, false));
    if (!Array.isArray(value)) return [entryOf(file, value)];
    const lists = value.length > 0 && value.every(Array.isArray) ? value : [value];
    return lists.map((list, i) => {
      const where = lists.length > 1 ? `${file}: document ${i}` : file;
      return { where, content: tokensOf(where, list) };
    });
  },
  /** Token ids as little-endian u16, as nanoGPT prepares data: one document. */
  ".bin": (file, bytes) => {
    if (bytes.length % 2 !== 0) throw new FormatError(file, `has ${bytes.length} bytes, expected 2 for each token id`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return [
      { where: file, content: Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true)) },
    ];
  },
};

const readText = (file: string, bytes: Uint8Array): TrainingDocument[] =>
  splitDocuments(decodeUtf8(file, bytes, false), documentSeparator).map((content) => ({ where: file, content }));

/**
 * The documents of a file: text is split at lines `<|endoftext|>`; JSONL (`.jsonl`) has one document per line,
 * `{"text": …}`, `{"tokens": [id, …]}` or `{"messages": […]}`; `.json` has lists of ids, and `.bin` ids as u16.
 *
 * @throws FormatError, with file and line, for a file that is empty or not in the format of its extension.
 */
export function readDocuments(file: string, bytes: Uint8Array): TrainingDocument[] {
  checkValue("readDocuments", "file", text, file);
  const end = Object.keys(formats).find((one) => file.toLowerCase().endsWith(one)) ?? "";
  const documents = (formats[end] ?? readText)(file, bytes).filter(
    ({ content, conversation }) => conversation || content.length > 0,
  );
  if (documents.length === 0) throw new FormatError(file, bytes.length === 0 ? "is empty" : "has no document");
  return documents;
}

/** A number in [0, 1) that depends only on a document's content (FNV-1a, then the finaliser of murmur). */
function shareOf({ content }: TrainingDocument): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < content.length; i++) {
    const unit = typeof content === "string" ? content.charCodeAt(i) : (content[i] as number);
    hash = Math.imul(hash ^ unit, 0x01000193);
  }
  for (const factor of [0x85ebca6b, 0xc2b2ae35]) hash = Math.imul(hash ^ (hash >>> 16), factor);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * Splits off the documents that are held out: those whose hash is in the given share, so that all copies of a document
 * are on the same side in every run.
 *
 * @param share from 0 to 1
 */
export function splitHeldOut(
  given: readonly (string | TrainingDocument)[],
  share: number,
): { readonly training: readonly TrainingDocument[]; readonly heldOut: readonly TrainingDocument[] } {
  const documents = checkDocuments("splitHeldOut", given);
  checkValue("splitHeldOut", "share", between(0, 1), share);
  const heldOut = documents.filter((document) => shareOf(document) < share);
  const training = documents.filter((document) => shareOf(document) >= share);
  return { training, heldOut };
}
