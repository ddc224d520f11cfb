// Model folders made in the page: this engine loads them like any other.
import type { FileSource } from "../../../src/index.ts";

/** A tensor of a checkpoint. */
interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** A folder of JSON files and a checkpoint, `model.safetensors`. */
export function folderInMemory(
  name: string,
  json: Readonly<Record<string, unknown>>,
  tensors: Readonly<Record<string, StoredTensor>>,
): FileSource {
  const files = new Map<string, Uint8Array<ArrayBuffer>>(
    Object.entries(json).map(([file, value]) => [file, new TextEncoder().encode(JSON.stringify(value))]),
  );
  files.set("model.safetensors", checkpoint(tensors));
  const bytesOf = (file: string) => {
    const bytes = files.get(file);
    if (!bytes) throw new RangeError(`${name} has no file ${file}`);
    return bytes;
  };
  return {
    name,
    has: async (file) => files.has(file),
    size: async (file) => bytesOf(file).length,
    read: async (file, begin, end) => bytesOf(file).slice(begin, end),
  };
}

/** The word of a token. */
export const wordOf = (id: number): string => `w${id}`;

/** The tokens of a tokenizer in which each word is a token. */
interface WordTokens {
  /** Ids of the tokens that are not words, from 0 without gaps. */
  readonly special: Readonly<Record<string, number>>;
  readonly vocabulary: number;
  readonly unknown: string;
  /** Tokens that enclose a text. */
  readonly before?: string;
  readonly after: string;
}

/** A `tokenizer.json` in which each word is a token. */
export function wordTokenizer({ special, vocabulary, unknown, before, after }: WordTokens): object {
  const count = Object.keys(special).length;
  const words = Array.from({ length: vocabulary - count }, (_, i) => [wordOf(count + i), count + i] as const);
  const token = (id: string | undefined) => (id === undefined ? [] : [{ SpecialToken: { id, type_id: 0 } }]);
  const entry = (id: string | undefined) =>
    id === undefined ? {} : { [id]: { id, ids: [special[id]], tokens: [id] } };
  const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });
  const single = [...token(before), sequence("A", 0), ...token(after)];
  return {
    version: "1.0",
    added_tokens: Object.entries(special).map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: {
      type: "TemplateProcessing",
      single,
      pair: [...single, sequence("B", 1), ...token(after)],
      special_tokens: { ...entry(before), ...entry(after) },
    },
    decoder: null,
    model: { type: "WordLevel", vocab: { ...special, ...Object.fromEntries(words) }, unk_token: unknown },
  };
}

/** The bytes of a checkpoint: a length of eight bytes, a header, the tensors in order. */
function checkpoint(tensors: Readonly<Record<string, StoredTensor>>): Uint8Array<ArrayBuffer> {
  const all = Object.entries(tensors);
  const header: Record<string, object> = {};
  let at = 0;
  for (const [name, { shape, values }] of all) {
    header[name] = { dtype: "F32", shape, data_offsets: [at, at + values.byteLength] };
    at += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  at = 8 + text.length;
  for (const [, { values }] of all) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}
