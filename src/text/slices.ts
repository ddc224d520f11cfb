// A long text as tokens, a slice at a time: the same as whole, since each word of the pre-tokenizer is cut on its own.
import type { EncodedText } from "./text-library.ts";
import type { TokenizerParts } from "./tokenizer-parts.ts";

/** What the library's tokenizer has of added tokens, and its model. */
interface Library {
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly added_tokens_map: ReadonlyMap<
    string,
    { readonly id: number; readonly lstrip: boolean; readonly rstrip: boolean }
  >;
  readonly normalizer: ((text: string) => string) | null;
  readonly model: ((pieces: readonly string[]) => string[]) & {
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    readonly unk_token_id?: number;
    readonly fuse_unk: boolean;
  };
}

interface Splitter {
  split(text: string): string[];
}

/** Encodes as the library's `encode` does: see `Encoder.slices`. */
export function* encodedSlices(
  { library, preTokenizer, subwords, keepsText, limit }: TokenizerParts,
  text: string,
  most: number,
): Generator<undefined, EncodedText | undefined, undefined> {
  const { splitter_unnormalized, splitter_normalized, added_tokens_map, normalizer, model } =
    library as unknown as Library;
  const { longest } = subwords;
  if (keepsText && longest !== undefined && Math.ceil(text.length / longest) > most) return undefined;
  const ids: number[] = [];
  const tokens: string[] = [];
  limit.begin(text.length);

  const idOf = (token: string) =>
    added_tokens_map.get(token)?.id ?? model.tokens_to_ids.get(token) ?? model.unk_token_id ?? Number.NaN;
  const push = (token: string) => {
    ids.push(idOf(token));
    tokens.push(token);
  };

  /** The stretches between added tokens, and these themselves, which may take white space next to them. */
  function sections(splitter: Splitter, whole: string): string[] {
    const found = splitter.split(whole);
    for (const [i, section] of found.entries()) {
      const { lstrip = false, rstrip = false } = added_tokens_map.get(section) ?? {};
      if (lstrip && i > 0) found[i - 1] = (found[i - 1] ?? "").trimEnd();
      if (rstrip && i + 1 < found.length) found[i + 1] = (found[i + 1] ?? "").trimStart();
    }
    return found;
  }

  /** True where these pieces are certainly more tokens than there is room for. */
  function tooMany(pieces: readonly string[]): boolean {
    if (longest === undefined) return ids.length > most;
    return pieces.reduce((sum, { length }) => sum + Math.ceil(length / longest), ids.length) > most;
  }

  /** Lets others run, who may begin a text of their own. */
  function* pause(): Generator<undefined, void, undefined> {
    const { left } = limit;
    yield;
    limit.begin(text.length);
    limit.left = left;
  }

  for (const [index, section] of sections(splitter_unnormalized, text).entries()) {
    if (section === "") continue;
    if (added_tokens_map.has(section)) {
      push(section);
      continue;
    }
    const normalized = normalizer ? normalizer(section) : section;
    for (const part of normalized === "" ? [] : sections(splitter_normalized, normalized)) {
      if (part === "") continue;
      if (added_tokens_map.has(part)) {
        push(part);
        continue;
      }
      let unknown = false; // the last token, where unknown ones are joined
      for (const pieces of preTokenizer ? preTokenizer.inSlices(part, index, limit) : [[part]]) {
        if (tooMany(pieces)) return undefined;
        for (const [i, token] of model(pieces).entries()) {
          const id = idOf(token);
          const joins = i === 0 && unknown && id === model.unk_token_id;
          if (!joins) push(token);
          unknown = model.fuse_unk && id === model.unk_token_id;
        }
        if (ids.length > most) return undefined;
        yield* pause();
      }
    }
  }
  return ids.length > most ? undefined : { ids, tokens };
}
