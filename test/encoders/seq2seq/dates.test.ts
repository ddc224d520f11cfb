import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { farthest } from "../encode/golden-encoders.ts";

/** What `test/golden/dates.py` found in float64 with the weights of the folder. */
interface DatesGolden {
  /** Texts of dates that training never saw. */
  readonly texts: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly date: string;
    /** For each character of the date the places of the source's tokens that say it. */
    readonly aligned: readonly (readonly number[])[];
  }[];
  readonly forced: {
    readonly text: string;
    readonly ids: readonly number[];
    readonly logits: readonly (readonly number[])[];
    /** By layer, head and row. */
    readonly cross: readonly (readonly (readonly (readonly number[])[])[])[];
  };
}

const folder = "examples/models/dates";
const { texts, forced } = JSON.parse(readFileSync("test/golden/dates.json", "utf8")) as DatesGolden;
const given = texts.map(({ text }) => text);
const dates = texts.map(({ date }) => date);

// Other devices: golden families in Node, this model in browsers (test/browser/translate/translate-page.test.ts).
describe("the bundled dates", async () => {
  const model = await loadEncoderDecoder(await quickGpu(), folder);
  afterAll(() => model.dispose());

  test("held-out texts, greedy, whose characters attend to the words that say them, and 3 with 4 beams", async () => {
    const { results } = await model.generate(given);
    expect(results.map(({ text }) => text)).toEqual(dates);
    expect(results.map(({ sourceIds }) => sourceIds)).toEqual(texts.map(({ tokens }) => tokens));
    for (const [i, { text, date, aligned }] of texts.slice(0, 10).entries()) {
      const { weights } = await model.crossAttention(text, results[i]?.ids ?? []);
      for (const [place, words] of aligned.entries()) {
        if (words.length === 0) continue;
        const on = words.reduce((sum, word) => sum + (weights[place]?.[word] ?? 0), 0);
        expect(on, `${text}: character ${place} of ${date}`).toBeGreaterThan(0.5);
      }
    }
    const searched = await model.generate(given.slice(0, 3), { beams: 4 });
    expect(searched.results.map(({ text }) => text)).toEqual(dates.slice(0, 3));
  });

  test("logits and attention are those of PyTorch", async () => {
    const { logits = [] } = await model.hidden(forced.text, { target: forced.ids.slice(0, -1) });
    expect(farthest(logits, forced.logits)).toBeLessThan(1e-4);
    for (const [layer, heads] of forced.cross.entries()) {
      for (const [head, expected] of heads.entries()) {
        const { weights } = await model.crossAttention(forced.text, forced.ids, { layer, head });
        expect(farthest(weights, expected)).toBeLessThan(1e-5);
      }
    }
  });
});
