import { loadEncoder } from "shaderformer/encoders";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { assertWithin, cosine, linesOf, mean } from "../texts.ts";
import { shareOf } from "../training.ts";

/** Follows the vector of one word through the layers of an encoder, in sentences of two senses. */
export const run: Run<SettingsOf<"contextual">> = async function* (gpu, { word, first, second }, { models }) {
  using encoder = await loadEncoder(gpu, `${models}/voices-encoder`);
  const { tokenizer } = encoder;
  const uses: { readonly sense: number; readonly sentence: string; readonly layers: Float32Array[] }[] = [];
  for (const [sense, sentences] of [first, second].map(linesOf).entries()) {
    if (sentences.length < 2)
      throw new RangeError("too few sentences: expected two or more of each sense, one on each line");
    for (const sentence of sentences) {
      assertWithin(`“${sentence}”`, tokenizer.encodeInput(sentence).ids.length, encoder.context);
      const { tokens, layers } = await encoder.hidden(sentence);
      const at = tokens.findIndex((id) => tokenizer.decode([id]).trim() === word.trim());
      if (at < 0) {
        const cut = tokens.map((id) => tokenizer.decode([id])).join("|");
        throw new RangeError(
          `“${word}” is not a token of “${sentence}”, which is cut into ${cut}: choose a word that is`,
        );
      }
      uses.push({ sense, sentence, layers: layers.map((rows) => rows[at] ?? new Float32Array()) });
    }
  }

  const pairs = uses.flatMap((a, i) => uses.slice(i + 1).map((b) => [a, b] as const));
  const depth = encoder.config.layers;
  let [same, other] = [0, 0];
  for (let layer = 0; layer <= depth; layer++) {
    const cosines = (isSame: boolean) =>
      pairs
        .filter(([a, b]) => (a.sense === b.sense) === isSame)
        .map(([a, b]) => cosine(a.layers[layer] ?? [], b.layers[layer] ?? []));
    [same, other] = [mean(cosines(true)), mean(cosines(false))];
    const chart = { kind: "point", title: "The word's vectors in two sentences", axes: ["layers", "cosine"] } as const;
    yield { ...chart, line: "of one sense", at: [layer, same] };
    yield { ...chart, line: "of two senses", at: [layer, other] };
  }

  const last = uses.map(({ layers }) => layers[depth] ?? []);
  const values = last.map((a) => last.map((b) => cosine(a, b)));
  const names = uses.map(({ sentence }) => sentence);
  const columns = uses.map(({ sense }, i) => `${i + 1}, ${sense === 0 ? "first" : "second"} sense`);
  yield { kind: "grid", title: "Cosines after the last layer", rows: names, columns, values };
  const nearest = values.map((row, i) => {
    const others = row.map((value, j) => (j === i ? -2 : value));
    return others.indexOf(Math.max(...others));
  });
  const start = Math.min(...pairs.map(([a, b]) => cosine(a.layers[0] ?? [], b.layers[0] ?? [])));
  return {
    "smallest cosine before the first layer": start,
    "cosine of one sense after the last": same,
    "cosine of two senses after the last": other,
    "share whose nearest use has the same sense": shareOf(uses, (use, i) => uses[nearest[i] ?? 0]?.sense === use.sense),
  };
};
