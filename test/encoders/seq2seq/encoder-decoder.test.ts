import { afterAll, describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { byTurns } from "../../support/by-turns.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import { firstIf, firstOfEach } from "../../support/first-tier.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { sequenceFolder, sequenceGolden, sequenceKind, sequenceNames, sequenceSource, tolerances } from "./golden.ts";

const devices = {
  "default adapter": await quickGpu(),
  "the adapter's own kernels": await testGpu(),
  swiftshader: await quickGpu({ adapter: "swiftshader" }),
  "without features": await quickGpu({ features: [] }),
};

/** T5's second release is there by two names, the second of which is only read otherwise. */
const hasOwnFolder = firstOfEach(sequenceNames, sequenceFolder);
const isFirstOfKind = firstOfEach(sequenceNames, sequenceKind);

describe.each(byTurns(devices, sequenceNames))("%s > %s", async (device, name, gpu) => {
  const isDefault = device === "default adapter";
  // Other devices run each kernel of the family, and not each text and option.
  const whole = isDefault && hasOwnFolder(name);
  const model = await loadEncoderDecoder(gpu, sequenceSource(name), { onWarning: () => {} });
  afterAll(() => model.dispose());
  const { texts, forced } = sequenceGolden(name);
  const most = tolerances(name);
  const { eos } = model.defaults;

  test.each(whole ? texts : texts.slice(0, 1))("states of $text", async ({ text, tokens, states, layers }) => {
    const hidden = await model.hidden(text);
    expect(hidden.tokens).toEqual(tokens);
    expect(farthest(hidden.layers.at(-1) ?? [], states)).toBeLessThan(most.states);
    if (!layers) return;
    expect(hidden.layers.map((rows) => rows.length)).toEqual(layers.map((rows) => rows.length));
    for (const [i, rows] of hidden.layers.entries()) expect(farthest(rows, layers[i] ?? [])).toBeLessThan(most.states);
  });

  test("greedy tokens of texts of unequal length, together", async () => {
    const given = texts.map(({ text }) => text);
    const { results } = await model.generate(given, { maxTokens: 20, beams: 1 });
    expect(results).toEqual(
      texts.map(({ greedy: { text, ids }, tokens }) => {
        const stopReason = eos.includes(ids.at(-1) ?? -1) ? "eos" : "length";
        return { text, ids, sourceIds: tokens, stopReason };
      }),
    );
  });

  // These take long to compile, and each has its own tests.
  if (device === "the adapter's own kernels") return;

  test("logits of given tokens, and how much these attend to the source", firstIf(isDefault), async () => {
    const [{ text } = { text: "" }] = texts;
    const target = forced.ids.slice(1);
    const { logits = [] } = await model.hidden(text, { target });
    expect(logits.length).toBe(forced.ids.length);
    const rows = forced.rows.map((row) => logits[row] ?? []);
    expect(farthest(rows, forced.logits)).toBeLessThan(most.logits);
    // Each query predicts the token after it, so that the one of the last token has no part in it.
    const known = forced.rows.flatMap((row, i) => (row < target.length ? [[row, i] as const] : []));
    const { perHead, sourceIds } = await model.crossAttention(text, target, { perHead: true });
    const keys = sourceIds.length;
    for (const [i, expected] of forced.cross.flat().entries()) {
      const found = known.map(([row]) => perHead?.subarray((i * target.length + row) * keys).subarray(0, keys) ?? []);
      const golden = known.map(([, at]) => expected[at] ?? []);
      expect(farthest(found, golden)).toBeLessThan(most.weights);
    }
  });

  // By which rules texts are searched is the same on all devices and for all families: of the sets of options each has
  // two.
  const beamed = texts.flatMap(({ text, beams = [] }) => beams.map((one) => ({ text, ...one })));
  const options = [...new Set(beamed.map((one) => JSON.stringify(one.options)))];
  const own = sequenceNames.indexOf(name);
  const searched = Array.from({ length: whole ? 2 : 1 }, (_, i) => {
    const text = options[(2 * own + i) % options.length];
    const able = beamed.filter((one) => JSON.stringify(one.options) === text);
    return able[(i + own) % able.length] as (typeof able)[0];
  });
  test.each(searched)("beams of $text, $options", async ({ text, options, results: expected }) => {
    const { results } = await model.generate(text, { maxTokens: 20, ...options });
    expect(results[0]?.ids).toEqual(expected[0]?.ids);
    const score = expected[0]?.score ?? Number.NaN;
    expect(Math.abs((results[0]?.score ?? Number.NaN) - score)).toBeLessThan(most.scores * Math.abs(score));
  });

  if (!isDefault || !isFirstOfKind(name)) return;

  test("a text alone has the greedy tokens that it has among others", async () => {
    const [{ text, greedy } = expect.fail("there are no texts")] = texts;
    const { results } = await model.generate(text, { maxTokens: 20, beams: 1 });
    expect(results.map(({ ids }) => ids)).toEqual([greedy.ids]);
  });

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
      const head = (heads - 1 + layer) % heads;
      const { weights, perHead } = await model.crossAttention(text, target, { layer, head });
      expect(perHead).toBeUndefined();
      expect(farthest([flat(weights)], own.slice(head, head + 1))).toBeLessThan(1e-7);
    }
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
});
