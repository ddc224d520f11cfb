import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../src/seq2seq/load-encoder-decoder.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { quickGpu } from "../support/gpu.ts";

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

describe.each(
  Object.entries({
    "default adapter": await quickGpu(),
    "without features": await quickGpu({ features: [] }),
    swiftshader: await quickGpu({ adapter: "swiftshader" }),
  }),
)("the bundled dates, %s", async (device, gpu) => {
  // Elsewhere a few: each kernel runs there too.
  const some = device === "default adapter" ? texts.length : 6;
  const model = await loadEncoderDecoder(gpu, folder);
  afterAll(() => model.dispose());

  test(`${some} held-out texts, greedy and of these 6 with 4 beams`, async () => {
    const { results } = await model.generate(given.slice(0, some));
    expect(results.map(({ text }) => text)).toEqual(dates.slice(0, some));
    expect(results.map(({ sourceIds }) => sourceIds)).toEqual(texts.slice(0, some).map(({ tokens }) => tokens));
    const searched = await model.generate(given.slice(0, 6), { beams: 4 });
    expect(searched.results.map(({ text }) => text)).toEqual(dates.slice(0, 6));
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

  test("characters of a date attend to the words that say them", async () => {
    for (const { text, date, aligned } of texts.slice(0, Math.min(some, 10))) {
      const { ids = [] } = (await model.generate(text)).results[0] ?? {};
      const { weights } = await model.crossAttention(text, ids);
      for (const [place, words] of aligned.entries()) {
        if (words.length === 0) continue;
        const on = words.reduce((sum, word) => sum + (weights[place]?.[word] ?? 0), 0);
        expect(on, `${text}: character ${place} of ${date}`).toBeGreaterThan(0.5);
      }
    }
  });
});
