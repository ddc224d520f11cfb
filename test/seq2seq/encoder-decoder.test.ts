import { afterAll, describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../src/seq2seq/load-encoder-decoder.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { firstIf } from "../support/first-tier.ts";
import { testGpu } from "../support/gpu.ts";
import { sequenceGolden, sequenceNames, sequenceSource, tolerances } from "./golden.ts";

const devices = {
  "default adapter": await testGpu(),
  "without features": await testGpu({ features: [] }),
  swiftshader: await testGpu({ adapter: "swiftshader" }),
};

describe.each(Object.entries(devices))("%s", (device, gpu) => {
  describe.each(sequenceNames)("%s", async (name) => {
    const model = await loadEncoderDecoder(gpu, sequenceSource(name), { onWarning: () => {} });
    afterAll(() => model.dispose());
    const { texts, forced } = sequenceGolden(name);
    const most = tolerances(name);
    const { eos } = model.defaults;

    test.each(texts)("states of $text", async ({ text, tokens, states, layers }) => {
      const hidden = await model.hidden(text);
      expect(hidden.tokens).toEqual(tokens);
      expect(farthest(hidden.layers.at(-1) ?? [], states)).toBeLessThan(most.states);
      if (!layers) return;
      expect(hidden.layers.map((rows) => rows.length)).toEqual(layers.map((rows) => rows.length));
      for (const [i, rows] of hidden.layers.entries())
        expect(farthest(rows, layers[i] ?? [])).toBeLessThan(most.states);
    });

    test(
      "logits of given tokens, and how much these attend to the source",
      firstIf(device === "default adapter"),
      async () => {
        const [{ text } = { text: "" }] = texts;
        const target = forced.ids.slice(1);
        const { logits = [] } = await model.hidden(text, { target });
        expect(logits.length).toBe(forced.ids.length);
        const rows = forced.rows.map((row) => logits[row] ?? []);
        expect(farthest(rows, forced.logits)).toBeLessThan(most.logits);
        for (const [layer, heads] of forced.cross.entries()) {
          for (const [head, expected] of heads.entries()) {
            // Each query predicts the token after it, so that the one of the last token has no part in it.
            const { weights } = await model.crossAttention(text, target, { layer, head });
            const known = forced.rows.flatMap((row, i) => (row < target.length ? [[row, i] as const] : []));
            const found = known.map(([row]) => weights[row] ?? []);
            expect(
              farthest(
                found,
                known.map(([, i]) => expected[i] ?? []),
              ),
            ).toBeLessThan(most.weights);
          }
        }
      },
    );

    test("weights of a text as long as the decoder takes", async () => {
      const most = Math.min(model.context, 128); // T5's decoder has no longest text
      const { results } = await model.generate("a b", { maxTokens: most, beams: 1 });
      const [{ ids } = { ids: [] }] = results;
      const { weights } = await model.crossAttention("a b", ids);
      expect(weights).toHaveLength(ids.length);
      for (const row of weights) expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
      const filled = new Array<number>(most).fill(1);
      expect((await model.crossAttention("a b", filled)).weights).toHaveLength(most);
      if (model.context > 128) return;
      await expect(model.crossAttention("a b", [...filled, 1, 1])).rejects.toThrow(/the decoder takes at most/);
    });

    test("weights of each head at once, and their means", async () => {
      const [{ text } = { text: "" }] = texts;
      const target = forced.ids.slice(1);
      const { layers, heads, sourceIds } = await model.crossAttention(text, target.slice(0, 1));
      const each = await model.crossAttention(text, target, { perHead: true });
      const size = target.length * sourceIds.length;
      expect(each.perHead?.length).toBe(layers * heads * size);
      const flat = (rows: readonly Float32Array[]) => rows.flatMap((row) => [...row]);
      const mean = (parts: readonly Float32Array[]) =>
        Array.from({ length: size }, (_, i) => parts.reduce((sum, part) => sum + (part[i] ?? 0), 0) / parts.length);
      const parts = (all = new Float32Array()) =>
        Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
      expect(farthest([flat(each.weights)], [mean(parts(each.perHead))])).toBeLessThan(1e-6);
      for (let layer = 0; layer < layers; layer++) {
        const ofLayer = await model.crossAttention(text, target, { layer, perHead: true });
        const own = parts(each.perHead).slice(layer * heads, (layer + 1) * heads);
        expect(farthest(parts(ofLayer.perHead), own)).toBeLessThan(1e-7);
        expect(farthest([flat(ofLayer.weights)], [mean(own)])).toBeLessThan(1e-6);
        const { weights, perHead } = await model.crossAttention(text, target, { layer, head: heads - 1 });
        expect(perHead).toBeUndefined();
        expect(farthest([flat(weights)], own.slice(-1))).toBeLessThan(1e-7);
      }
    });

    test.each(texts)("greedy tokens of $text", async ({ text, greedy, tokens }) => {
      const { results } = await model.generate(text, { maxTokens: 20, beams: 1 });
      expect(results).toEqual([
        {
          text: greedy.text,
          ids: greedy.ids,
          sourceIds: tokens,
          stopReason: eos.includes(greedy.ids.at(-1) ?? -1) ? "eos" : "length",
        },
      ]);
    });

    // SwiftShader takes long: for all but T5 it searches by the default rules alone.
    const isShort = ({ options }: { readonly options: object }) => Object.keys(options).length === 1;
    const searched = texts
      .flatMap(({ text, beams = [] }) => beams.map((one) => ({ text, ...one })))
      .filter((one) => device !== "swiftshader" || name.startsWith("t5") || isShort(one));
    test.each(searched)("beams of $text, $options", async ({ text, options, results: expected }) => {
      const { results } = await model.generate(text, { maxTokens: 20, ...options });
      expect(results[0]?.ids).toEqual(expected[0]?.ids);
      const score = expected[0]?.score ?? Number.NaN;
      expect(Math.abs((results[0]?.score ?? Number.NaN) - score)).toBeLessThan(most.scores * Math.abs(score));
    });

    test("beams of texts of unequal length, together, and tokens as they are certain", async () => {
      const several = texts.filter(({ beams }) => beams);
      const pieces = several.map((): number[] => []);
      const { results } = await model.generate(
        several.map(({ text }) => text),
        { maxTokens: 20, beams: 4, onToken: ({ row, token }) => token !== undefined && pieces[row]?.push(token) },
      );
      expect(results.map(({ ids }) => ids)).toEqual(several.map(({ beams }) => beams?.[0]?.results[0]?.ids));
      expect(pieces).toEqual(results.map(({ ids }) => ids));
    });

    test("texts of unequal length, together", async () => {
      const { results } = await model.generate(
        texts.map(({ text }) => text),
        { maxTokens: 20, beams: 1 },
      );
      expect(results.map(({ ids }) => ids)).toEqual(texts.map(({ greedy }) => greedy.ids));
    });
  });
});
