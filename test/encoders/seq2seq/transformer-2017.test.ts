import { describe, expect, test } from "vitest";
import { sinusoids } from "../../../src/models/seq2seq/positions.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { sequenceFile, sequenceGolden, sequenceSource, tolerances } from "./golden.ts";

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

const variants = (name: string) => sequenceFile(name, "golden.json") as unknown as Variants;
const quiet = { onWarning: () => {} };
const { states: ofStates, logits: ofLogits } = tolerances("transformer-2017");
const gpu = await quickGpu();

describe("the Transformer of 2017", () => {
  const [{ text } = { text: "" }] = sequenceGolden("transformer-2017").texts;

  test.each(variants("transformer-2017").spellings)(
    "positions that are $layout by the exponents of $frequencies",
    async ({ layout, frequencies, rows, table, states }) => {
      const width = table[0]?.length ?? 0;
      const values = sinusoids(1004, width, { layout, frequencies });
      const found = rows.map((row) => values.subarray(row * width, (row + 1) * width));
      expect(farthest(found, table)).toBeLessThan(1e-7);
      const config = { ...sequenceFile("transformer-2017", "config.json") };
      const spelt = { ...config, position_layout: layout, position_frequencies: frequencies };
      using model = await loadEncoderDecoder(gpu, sequenceSource("transformer-2017", { "config.json": spelt }), quiet);
      const { layers } = await model.hidden(text);
      expect(farthest(layers.at(-1) ?? [], states)).toBeLessThan(ofStates);
    },
  );

  test("norms before the sublayers, as torch.nn.Transformer has them with norm_first", async () => {
    const name = "transformer-2017-torch";
    const { ids, states, logits } = variants(name).normFirst;
    const config = { ...sequenceFile(name, "config.json"), norm_first: true };
    using model = await loadEncoderDecoder(gpu, sequenceSource(name, { "config.json": config }), quiet);
    const hidden = await model.hidden(text, { target: ids.slice(1) });
    expect(farthest(hidden.layers.at(-1) ?? [], states)).toBeLessThan(ofStates);
    expect(farthest(hidden.logits ?? [], logits)).toBeLessThan(ofLogits);
  });
});
