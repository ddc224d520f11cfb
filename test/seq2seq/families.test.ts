import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { sinusoids } from "../../src/models/seq2seq/positions.ts";
import { loadEncoderDecoder } from "../../src/seq2seq/load-encoder-decoder.ts";
import { changedFolder } from "../encode/folder-files.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { testGpu } from "../support/gpu.ts";
import { sequenceFolder, sequenceGolden } from "./golden.ts";

/** What `test/golden/later_seq2seq.py` found of other settings of the Transformer of 2017. */
interface Variants {
  readonly spellings: readonly {
    readonly layout: "interleaved" | "halves";
    readonly frequencies: "paper" | "tensor2tensor";
    readonly rows: readonly number[];
    readonly table: readonly (readonly number[])[];
    readonly states: readonly (readonly number[])[];
  }[];
  readonly normFirst: {
    readonly ids: readonly number[];
    readonly states: readonly (readonly number[])[];
    readonly logits: readonly (readonly number[])[];
  };
}

const names = ["bart", "marian", "marian-separate", "transformer-2017", "transformer-2017-torch"] as const;
const folder = (name: string, file: string) =>
  JSON.parse(readFileSync(`${sequenceFolder(name)}/${file}`, "utf8")) as Record<string, unknown>;
const variants = (name: string) => folder(name, "golden.json") as unknown as Variants;
const quiet = { onWarning: () => {} };

/** Of states after norms, of logits, which are as large as 12, and of attention's weights. */
const [ofStates, ofLogits, ofWeights] = [2e-5, 1e-4, 1e-5];

const devices = {
  "default adapter": await testGpu(),
  "without features": await testGpu({ features: [] }),
  swiftshader: await testGpu({ adapter: "swiftshader" }),
};

describe.each(Object.entries(devices))("%s", (_, gpu) => {
  describe.each(names)("%s", async (name) => {
    const model = await loadEncoderDecoder(gpu, sequenceFolder(name), quiet);
    afterAll(() => model.dispose());
    const { texts, forced } = sequenceGolden(name);

    test.each(texts)("states of $text", async ({ text, tokens, states, layers }) => {
      const hidden = await model.hidden(text);
      expect(hidden.tokens).toEqual(tokens);
      expect(farthest(hidden.layers.at(-1) ?? [], states)).toBeLessThan(ofStates);
      for (const [i, rows] of (layers ?? []).entries()) {
        expect(farthest(hidden.layers[i] ?? [], rows)).toBeLessThan(ofStates);
      }
    });

    test("logits of given tokens, and how much these attend to the source", async () => {
      const [{ text } = { text: "" }] = texts;
      const target = forced.ids.slice(1);
      const { logits = [] } = await model.hidden(text, { target });
      const found = forced.rows.map((row) => logits[row] ?? []);
      expect(farthest(found, forced.logits)).toBeLessThan(ofLogits);
      const rows = forced.rows.filter((row) => row < target.length); // the last token has no query
      for (const [layer, heads] of forced.cross.entries()) {
        for (const [head, weights] of heads.entries()) {
          const seen = await model.crossAttention(text, target, { layer, head });
          const queries = rows.map((row) => seen.weights[row] ?? []);
          expect(farthest(queries, weights.slice(0, rows.length))).toBeLessThan(ofWeights);
        }
      }
    });

    test("greedy tokens, of each text alone and of all together", async () => {
      const expected = texts.map(({ greedy: { ids, text }, tokens }) => ({ text, ids, sourceIds: tokens }));
      for (const [i, { text }] of texts.entries()) {
        const { results } = await model.generate(text, { maxTokens: 20, beams: 1 });
        expect(results).toMatchObject([expected[i]]);
      }
      const all = texts.map(({ text }) => text);
      const { results } = await model.generate(all, { maxTokens: 20, beams: 1 });
      expect(results).toMatchObject(expected);
    });
  });
});

describe("the Transformer of 2017", () => {
  const { "default adapter": gpu } = devices;
  const [{ text } = { text: "" }] = sequenceGolden("transformer-2017").texts;

  test.each(variants("transformer-2017").spellings)(
    "positions that are $layout by the exponents of $frequencies",
    async ({ layout, frequencies, rows, table, states }) => {
      const width = table[0]?.length ?? 0;
      const values = sinusoids(1004, width, { layout, frequencies });
      const found = rows.map((row) => values.subarray(row * width, (row + 1) * width));
      expect(farthest(found, table)).toBeLessThan(1e-7);
      const config = { ...folder("transformer-2017", "config.json") };
      const spelt = { ...config, position_layout: layout, position_frequencies: frequencies };
      using model = await loadEncoderDecoder(gpu, changedFolder("transformer-2017", { "config.json": spelt }), quiet);
      const { layers } = await model.hidden(text);
      expect(farthest(layers.at(-1) ?? [], states)).toBeLessThan(ofStates);
    },
  );

  test("norms before the sublayers, as torch.nn.Transformer has them with norm_first", async () => {
    const name = "transformer-2017-torch";
    const { ids, states, logits } = variants(name).normFirst;
    const config = { ...folder(name, "config.json"), norm_first: true };
    using model = await loadEncoderDecoder(gpu, changedFolder(name, { "config.json": config }), quiet);
    const hidden = await model.hidden(text, { target: ids.slice(1) });
    expect(farthest(hidden.layers.at(-1) ?? [], states)).toBeLessThan(ofStates);
    expect(farthest(hidden.logits ?? [], logits)).toBeLessThan(ofLogits);
  });
});
