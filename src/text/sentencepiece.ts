import { TextError } from "./text-error.ts";

/** A piece of a SentencePiece model. */
export interface Piece {
  readonly piece: string;
  /** Logarithm of its probability. */
  readonly score: number;
  readonly kind: "normal" | "unknown" | "control" | "user-defined" | "unused" | "byte";
}

/** The parts read from a SentencePiece model. */
export interface PieceModel {
  readonly pieces: readonly Piece[];
  /** True if texts are normalised by a character table before they are split. */
  readonly normalises: boolean;
}

const KINDS = [undefined, "normal", "unknown", "control", "user-defined", "unused", "byte"] as const;
const MODELS = [undefined, "unigram", "bpe", "word", "char"] as const;
/** Fields of the messages (google/sentencepiece, src/sentencepiece_model.proto). */
const [PIECES, TRAINER, NORMALIZER] = [1, 2, 3];
const [PIECE, SCORE, KIND] = [1, 2, 3];
const MODEL_TYPE = 3;
const [CHARACTER_MAP, DUMMY_PREFIX, EXTRA_SPACES, ESCAPES] = [2, 3, 4, 5];

/** The fields of a Protocol Buffers message: numbers, or bytes. Throws a TextError for a truncated one. */
function* fieldsOf(bytes: Uint8Array, file: string): Generator<readonly [number, number | Uint8Array]> {
  let at = 0;
  const fail = (): never => {
    throw new TextError(`${file} is no SentencePiece model: a field at byte ${at} of ${bytes.length} is invalid`);
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = bytes[at++] ?? fail();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return fail();
  };
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - at) fail();
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (field === 0) fail();
    if (wire === 0) yield [field, varint()];
    else if (wire === 1) yield [field, take(8)];
    else if (wire === 2) yield [field, take(varint())];
    else if (wire === 5) yield [field, take(4)];
    else fail();
  }
}

/** The last value of each field of a message, as the format requires. */
const lastFields = (bytes: Uint8Array, file: string) => new Map(fieldsOf(bytes, file));

const bytesOf = (value: number | Uint8Array | undefined) => (value instanceof Uint8Array ? value : new Uint8Array());

function readPiece(bytes: Uint8Array, file: string): Piece {
  const fields = lastFields(bytes, file);
  const [text, score, kind = 1] = [fields.get(PIECE), fields.get(SCORE), fields.get(KIND)];
  const name = typeof kind === "number" ? KINDS[kind] : undefined;
  if (!(text instanceof Uint8Array) || name === undefined) {
    throw new TextError(`${file} is no SentencePiece model: a piece has no text, or is of an unknown kind`);
  }
  const value = bytesOf(score);
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  return {
    piece: new TextDecoder().decode(text),
    score: value.length === 4 ? view.getFloat32(0, true) : 0,
    kind: name,
  };
}

/**
 * Reads a SentencePiece model that splits texts by unigram probabilities (Kudo 2018; google/sentencepiece). Throws a
 * TextError, with the file, for other bytes, and for another kind of model or unsupported settings.
 */
export function readSentencePiece(bytes: Uint8Array, file: string): PieceModel {
  const pieces: Piece[] = [];
  let normalises = false;
  for (const [field, value] of fieldsOf(bytes, file)) {
    if (!(value instanceof Uint8Array)) continue;
    if (field === PIECES) pieces.push(readPiece(value, file));
    if (field === TRAINER) {
      const type = lastFields(value, file).get(MODEL_TYPE) ?? 1;
      const name = typeof type === "number" ? (MODELS[type] ?? type) : "invalid";
      if (name !== "unigram") throw new TextError(`${file}: trainer_spec.model_type is ${name}, expected unigram`);
    }
    if (field === NORMALIZER) {
      const fields = lastFields(value, file);
      normalises = bytesOf(fields.get(CHARACTER_MAP)).length > 0;
      for (const [one, name] of [
        [DUMMY_PREFIX, "add_dummy_prefix"],
        [EXTRA_SPACES, "remove_extra_whitespaces"],
        [ESCAPES, "escape_whitespaces"],
      ] as const) {
        if (fields.get(one) === 0) throw new TextError(`${file}: normalizer_spec.${name} is false, expected true`);
      }
    }
  }
  if (pieces.length === 0) throw new TextError(`${file} is no SentencePiece model: it has no pieces`);
  const fallback = pieces.find(({ kind }) => kind === "byte");
  if (fallback) throw new TextError(`${file}: bytes as pieces, such as ${fallback.piece}, are not supported`);
  return { pieces, normalises };
}
