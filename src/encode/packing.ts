import type { EncodedInput } from "../text/encoder-tokenizer.ts";

/** A text or a pair of texts, as an encoder's input. */
export interface TextInput extends Pick<EncodedInput, "ids" | "typeIds"> {
  /** Tokens at its beginning that belong to a prompt; default 0. */
  readonly prompt?: number;
}

/** Maximum tokens of a pack, so that a submission stays short; a longer text is a pack by itself. */
export const maxTokens = 1024;

/** Maximum texts of a pack: the search for a workgroup's text is linear. */
const maxTexts = 64;

/**
 * Collects texts, in order, into packs of at most `most` tokens; a longer text is a pack by itself. A pack is yielded
 * as soon as the next text does not fit, so that memory has at most one pack and that text.
 */
export async function* inPacks<T extends TextInput>(
  texts: Iterable<T> | AsyncIterable<T>,
  most: number,
): AsyncGenerator<readonly T[], void, undefined> {
  let pack: T[] = [];
  let tokens = 0;
  for await (const text of texts) {
    const { length } = text.ids;
    if (pack.length === maxTexts || (pack.length > 0 && tokens + length > most)) {
      yield pack;
      [pack, tokens] = [[], 0];
    }
    pack.push(text);
    tokens += length;
  }
  if (pack.length > 0) yield pack;
}

/** The sizes for which a program is recorded, to which a pack is padded. */
export interface PackSize {
  readonly tokens: number;
  readonly texts: number;
}

/**
 * The size of the program for this many tokens and texts: few enough sizes that programs are reused, with at most a
 * quarter more tokens, or 15. One text more than there are, for the padding.
 */
export function sizeFor(tokens: number, texts: number): PackSize {
  const step = Math.max(16, 2 ** (Math.ceil(Math.log2(Math.max(2, tokens))) - 3));
  return { tokens: Math.ceil(tokens / step) * step, texts: 2 ** Math.ceil(Math.log2(texts + 1)) };
}

/** The values that a program reads, one for each token, and the offsets of texts. */
interface PackedTokens {
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly positions: Uint32Array<ArrayBuffer>;
  readonly types: Uint32Array<ArrayBuffer>;
  /** Where each text begins and the last one ends. */
  readonly offsets: Uint32Array<ArrayBuffer>;
}

/**
 * Tokens of texts for a program of this size. Padding tokens are separate texts, which no other sees, as long as the
 * table of positions allows.
 */
export function packTokens(
  inputs: readonly TextInput[],
  size: PackSize,
  { first, context }: { readonly first: number; readonly context: number },
): PackedTokens {
  const ids = new Uint32Array(size.tokens);
  const positions = new Uint32Array(size.tokens);
  const types = new Uint32Array(size.tokens);
  const offsets = new Uint32Array(size.texts + 1);
  let at = 0;
  for (const [i, input] of inputs.entries()) {
    ids.set(input.ids, at);
    types.set(input.typeIds, at);
    for (let token = 0; token < input.ids.length; token++) positions[at + token] = first + token;
    at += input.ids.length;
    offsets[i + 1] = at;
  }
  for (let token = at; token < size.tokens; token++) positions[token] = first + ((token - at) % context);
  offsets.fill(size.tokens, inputs.length + 1);
  return { ids, positions, types, offsets };
}
