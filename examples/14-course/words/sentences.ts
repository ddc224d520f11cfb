import { loadEncoder } from "shaderformer/encoders";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { assertWithin, cosine, linesOf, meanVector, sameMeaning } from "../texts.ts";

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Search: which sentence is nearest to a query that has none of its words? */
export const run: Run<SettingsOf<"sentences">> = async function* (gpu, { sentences, query }, { models }) {
  const given = linesOf(sentences);
  if (given.length < 2) throw new RangeError("there are too few sentences: expected two or more, one on each line");
  if (given.length > 50) throw new RangeError(`there are ${given.length} sentences, expected at most 50`);
  using encoder = await loadEncoder(gpu, `${models}/use-lite`);
  for (const text of given) assertWithin(`“${text}”`, encoder.tokenizer.encodeInput(text).ids.length, encoder.context);

  // Three ways to make a vector of a text. The comparison is the same for all: the cosine.
  const bags = async (texts: readonly string[]) => {
    const known = [...new Set(texts.flatMap(wordsOf))];
    return texts.map((text) => known.map((word) => wordsOf(text).filter((one) => one === word).length));
  };
  const means = async (texts: readonly string[]) => {
    const vectors: number[][] = [];
    // Pooling: one vector of many. These are the tokens' own vectors, before the first layer.
    for (const text of texts) vectors.push(meanVector((await encoder.hidden(text)).layers[0] ?? []));
    return vectors;
  };
  const encoded = async (texts: readonly string[]) => (await encoder.embed(texts)).embeddings;
  const ways = [
    ["by bags of words", bags],
    ["by means of words' vectors", means],
    ["by the encoder", encoded],
  ] as const;

  const texts = sameMeaning.map(([sentence]) => sentence);
  const queries = sameMeaning.map(([, asked]) => asked);
  const places: number[][] = [];
  for (const [way, vectorsOf] of ways) {
    const own = await vectorsOf([query, ...given]);
    const bars = given.map((text, i) => [text, cosine(own[0] ?? [], own[i + 1] ?? [])] as const);
    yield { kind: "bars", title: `Nearest ${way}: cosine`, bars: bars.toSorted((a, b) => b[1] - a[1]) };
    // The place of the right sentence among the ten: 1 if every other one has a smaller cosine.
    const vectors = await vectorsOf([...texts, ...queries]);
    const of = queries.map((_, i) => {
      const cosines = texts.map((_, j) => cosine(vectors[texts.length + i] ?? [], vectors[j] ?? []));
      return cosines.filter((value) => value >= (cosines[i] ?? 0)).length;
    });
    places.push(of);
  }
  const rows = sameMeaning.map(([sentence, asked], i) => [asked, sentence, ...places.map((of) => of[i] ?? 0)]);
  const head = ["query", "the sentence that means the same", ...ways.map(([way]) => `place ${way}`)];
  yield { kind: "table", title: "Ten queries among ten sentences", head, rows };
  const firsts = ways.map(([way], i) => [`first ${way}`, places[i]?.filter((place) => place === 1).length ?? 0]);
  return { queries: queries.length, ...Object.fromEntries(firsts) };
};
