// What tokens attend to, tapped from the steps that give them, against whole passes over the finished text.
import { afterAll, describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import type { SequenceOptions, SequencePiece } from "../../../src/seq2seq/options.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { sequenceGolden, sequenceSource, tolerances } from "./golden.ts";

const gpu = await quickGpu();

// Whole passes have their tests on other devices, rows theirs in browsers.
describe.each(["t5", "marian", "transformer-2017"] as const)("%s", async (name) => {
  const model = await loadEncoderDecoder(gpu, sequenceSource(name), { onWarning: () => {} });
  afterAll(() => model.dispose());
  const { texts, forced } = sequenceGolden(name);
  const given = texts.map(({ text }) => text);
  const { layers, heads } = model.config.decoder;
  // As near to one another as either is to float64.
  const near = tolerances(name).weights;

  /** Generates, and compares what comes with each token with whole passes over the results. */
  async function compared(list: readonly string[], options: SequenceOptions) {
    const pieces = list.map((): SequencePiece[] => []);
    const { attention, ...others } = options;
    const { results } = await model.generate(list, { ...options, onToken: (one) => void pieces[one.row]?.push(one) });
    for (const [i, { ids, attention: rows = [], sourceIds }] of results.entries()) {
      const come = pieces[i]?.filter(({ token }) => token !== undefined) ?? [];
      expect(come.map(({ token }) => token)).toEqual(ids);
      expect(come.map((one) => one.attention)).toEqual(rows);
      const whole = await model.crossAttention(list[i] ?? "", ids, attention);
      expect(rows).toHaveLength(ids.length);
      const weights = rows.map((row) => row.weights);
      expect(weights.every((row) => row.length === sourceIds.length)).toBe(true);
      expect(farthest(weights, whole.weights)).toBeLessThan(near);
      const parts = (whole.perHead?.length ?? 0) / (ids.length * sourceIds.length);
      for (const [t, { perHead }] of rows.entries()) {
        expect(perHead?.length ?? 0).toBe(parts * sourceIds.length);
        for (let part = 0; part < parts; part++) {
          const of = (all: Float32Array | undefined, row: number) =>
            all?.subarray(row * sourceIds.length, (row + 1) * sourceIds.length) ?? [];
          expect(farthest([of(perHead, part)], [of(whole.perHead, part * ids.length + t)])).toBeLessThan(near);
        }
      }
    }
    // Nothing else changes.
    const plain = await model.generate(list, others);
    expect(results.map(({ attention: rows, ...rest }) => rest)).toEqual(plain.results);
    expect(plain.results.every((one) => !("attention" in one))).toBe(true);
    return results;
  }

  test("the first row of each head is the reference's", async () => {
    const at = forced.rows.indexOf(0);
    for (const [layer, rowsOfHeads] of forced.cross.entries()) {
      for (const [head, rows] of rowsOfHeads.entries()) {
        const attention = { layer, head };
        const [result] = (await model.generate(given[0] ?? "", { maxTokens: 1, beams: 1, attention })).results;
        expect(farthest([result?.attention?.[0]?.weights ?? []], [rows[at] ?? []])).toBeLessThan(near);
      }
    }
  });

  test("of greedy texts of unequal length: the mean of all heads", async () => {
    await compared(given.slice(0, 3), { maxTokens: 12, beams: 1, attention: {} });
  });

  // Which rows are asked for, and of what, is the same for all families.
  if (name !== "t5") return;

  test("of a layer's heads, of a head of all layers, of one head", async () => {
    const [text = ""] = given;
    await compared([text], { maxTokens: 5, beams: 1, attention: { perHead: true } });
    await compared([text], { maxTokens: 5, beams: 1, attention: { layer: layers - 1, perHead: true } });
    await compared([text], { maxTokens: 5, beams: 1, attention: { head: heads - 1 } });
    await compared([text], { maxTokens: 5, beams: 1, attention: { layer: 0, head: 1 } });
  });

  test("of tokens that are drawn, with penalties", async () => {
    const drawn = { temperature: 1.5, seed: 7, repetitionPenalty: 1.2 };
    const results = await compared(given.slice(0, 2), { maxTokens: 12, ...drawn, attention: { perHead: true } });
    const greedy = await model.generate(given.slice(0, 2), { maxTokens: 12, beams: 1 });
    expect(results.map(({ ids }) => ids)).not.toEqual(greedy.results.map(({ ids }) => ids));
  });

  test("of the best of 4 beams, whose rows change their places", async () => {
    const several = texts.filter(({ beams }) => beams);
    const list = several.map(({ text }) => text);
    const results = await compared(list, { maxTokens: 20, beams: 4, attention: { layer: 1 } });
    expect(results.map(({ ids }) => ids)).toEqual(several.map(({ beams }) => beams?.[0]?.results[0]?.ids));
  });
});

test("of a text that is stopped, each token has its row", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceSource("t5"));
  const [{ text } = { text: "" }] = sequenceGolden("t5").texts;
  for (const beams of [1, 3]) {
    const stop = new AbortController();
    const pieces: SequencePiece[] = [];
    const generated = model.generate(text, {
      maxTokens: 512,
      beams,
      attention: {},
      signal: stop.signal,
      ...(beams > 1 ? { earlyStopping: "never" } : {}),
      onToken: (piece) => {
        pieces.push(piece);
        if (pieces.length === 3) stop.abort(new Error("enough"));
      },
    });
    await expect(generated).rejects.toThrow("enough");
    const written = pieces.filter(({ token }) => token !== undefined);
    expect(written.length).toBeGreaterThan(2);
    const { weights } = await model.crossAttention(
      text,
      written.map(({ token = 0 }) => token),
    );
    expect(
      farthest(
        written.map(({ attention }) => attention?.weights ?? []),
        weights,
      ),
    ).toBeLessThan(tolerances("t5").weights);
  }
});

test.each([
  [{ layer: 3 }, "generate: attention.layer is 3, expected an integer from 0 to 2"],
  [{ head: -1 }, "generate: attention.head is -1, expected an integer from 0 to 2"],
  [{ layers: 1 }, "generate: there is no option attention.layers; did you mean layer?"],
  [5, "generate: attention is 5, expected an object with layer, head, perHead"],
] as const)("weights that there are not: %o", async (attention, message) => {
  using model = await loadEncoderDecoder(gpu, sequenceSource("t5"));
  await expect(model.generate("a b", { attention: attention as never })).rejects.toThrow(message);
});

test("the weights of each head of a text that may be too long are refused before anything is computed", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceSource("t5"));
  const options = { maxTokens: 100_000, attention: { perHead: true } };
  await expect(model.generate("a b ".repeat(2000), options)).rejects.toThrow(
    /generate: perHead takes .* MiB, expected/,
  );
});
