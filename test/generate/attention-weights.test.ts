// The attention of one token: against the reference's softmax, and against what the kernels made of it.
import { afterAll, describe, expect, test } from "vitest";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { checkAttention } from "../../src/generate/look/attention-weights.ts";
import { type Inspected, inspect } from "../../src/generate/look/inspection.ts";
import { attention } from "../../src/reference/attention/attention.ts";
import { causal, masks } from "../../src/reference/attention/masks.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { transpose } from "../../src/reference/layout.ts";
import { bundledNano } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { goldenFolders } from "./models/golden-folder.ts";

const gpu = await quickGpu();
const tokens = Array.from({ length: 40 }, (_, i) => (3 + 5 * i) % 90);

/** What a prefill of the tokens taps, in one chunk. */
async function tapped(model: LanguageModel): Promise<(name: string) => Dense> {
  using session = model.session();
  const { taps }: Inspected = await inspect(session.state, tokens, "last", { taps: (name) => /attention/.test(name) });
  return (name) => {
    const [chunk] = taps.get(name) ?? [];
    return dense(chunk?.shape ?? [], chunk?.values ?? []);
  };
}

/**
 * The weights of all heads and queries `[1, h, t, t]`: what attention makes of values that are rows of the identity.
 */
function referenceWeights(model: LanguageModel, layer: number, q: Dense, k: Dense, sink: Dense | undefined): Dense {
  const { headWidth, windows, scales } = model.decoder.config;
  const [, t = 0, g = 0] = k.shape;
  const identity = dense([1, g, t, t]);
  for (let i = 0; i < g * t; i++) identity.values[i * t + (i % t)] = 1;
  const window = windows[layer];
  const mask = window === undefined ? causal : masks["sliding-window"]({ keys: window });
  const byHead = (x: Dense) => transpose({ x }, { order: [0, 2, 1, 3] }).y;
  const scale = scales?.[layer] ?? 1 / Math.sqrt(headWidth);
  return attention({ q: byHead(q), k: byHead(k), v: identity }, { mask, scale, ...(sink ? { sink } : {}) }).out;
}

describe.each([
  ["a dense model", bundledNano, 3, false],
  ["windows and sinks", `${goldenFolders}/gpt-oss`, 1, true],
  ["windows and sinks, another layer", `${goldenFolders}/gpt-oss`, 0, true],
])("%s", async (_, folder, layer, hasSinks) => {
  const model = await loadModel(gpu, folder, { context: 64 });
  afterAll(() => model.dispose());
  const { heads, kvHeads, headWidth, layers } = model.decoder.config;
  const tap = await tapped(model);
  const sinks = await model.decoder.weights.blocks[layer]?.attention?.sinks?.read();
  const [q, k, v, out] = ["q", "k", "v", "out"].map((name) => tap(`layer.${layer}.attention.${name}`)) as [
    Dense,
    Dense,
    Dense,
    Dense,
  ];
  const expected = referenceWeights(model, layer, q, k, sinks && dense([heads], sinks));

  test.each([0, 17, 39])("is the reference's, and makes the kernels' results: token %i", async (position) => {
    for (let head = 0; head < heads; head++) {
      const { weights } = await model.attentionWeights(tokens, { position, layer, head });
      expect(weights).toHaveLength(position + 1);
      const row = (head * tokens.length + position) * tokens.length;
      for (const [i, weight] of weights.entries()) expect(weight).toBeCloseTo(expected.values[row + i] ?? 0, 6);
      const sum = weights.reduce((a, b) => a + b, 0);
      expect(sum).toBeLessThan(1 + 1e-6);
      if (!hasSinks) expect(sum).toBeCloseTo(1, 5);
      const group = Math.floor(head / (heads / kvHeads));
      for (let i = 0; i < headWidth; i++) {
        const made = weights.reduce((all, w, s) => all + w * (v.values[(s * kvHeads + group) * headWidth + i] ?? 0), 0);
        expect(made).toBeCloseTo(out.values[(position * heads + head) * headWidth + i] ?? 0, 3);
      }
    }
  });

  if (hasSinks) return; // what follows is the same of all models

  test("without a layer or head is their mean", async () => {
    const mean = await model.attentionWeights(tokens, { position: 20 });
    expect([mean.layers, mean.heads]).toEqual([layers, heads]);
    const sum = new Float64Array(21);
    for (let one = 0; one < layers; one++) {
      const { weights } = await model.attentionWeights(tokens.slice(0, 21), { layer: one });
      for (const [i, weight] of weights.entries()) sum[i] = (sum[i] ?? 0) + weight / layers;
    }
    for (const [i, weight] of mean.weights.entries()) expect(weight).toBeCloseTo(sum[i] ?? 0, 6);
  });

  test("of each head, in one call, are those of one head at a time", async () => {
    const { weights, perHead } = await model.attentionWeights(tokens, { position: 20, perHead: true });
    expect(perHead).toHaveLength(layers * heads * 21);
    expect(weights).toEqual((await model.attentionWeights(tokens, { position: 20 })).weights);
    const of = (one: number, head: number) => perHead?.slice(21 * (one * heads + head), 21 * (one * heads + head + 1));
    for (let head = 0; head < heads; head++) {
      const alone = await model.attentionWeights(tokens, { position: 20, layer, head, perHead: true });
      expect(of(layer, head)).toEqual(alone.weights);
      expect(alone.perHead).toEqual(alone.weights);
    }
    const last = await model.attentionWeights(tokens, { position: 20, layer: layers - 1, perHead: true });
    expect(last.perHead).toEqual(perHead?.slice(21 * heads * (layers - 1)));
  });
});

test("latent attention makes its kernels' results, too", async () => {
  using model = await loadModel(gpu, `${goldenFolders}/deepseek-v2`, { context: 64 });
  const { heads, latent } = model.decoder.config;
  const { rank = 0, nope = 0, valueWidth = 0 } = latent ?? {};
  const tap = await tapped(model);
  const [latents, out] = [tap("layer.1.attention.latent"), tap("layer.1.attention.out")];
  const width = latents.shape.at(-1) ?? 0;
  const up = (await model.decoder.weights.blocks[1]?.attention?.v.weight.read()) ?? [];
  for (let head = 0; head < heads; head++) {
    const { weights } = await model.attentionWeights(tokens, { layer: 1, head });
    const mixed = Float64Array.from({ length: rank }, (_, j) =>
      weights.reduce((sum, weight, s) => sum + weight * (latents.values[s * width + j] ?? 0), 0),
    );
    for (let i = 0; i < valueWidth; i++) {
      const row = (head * (nope + valueWidth) + nope + i) * rank;
      const made = mixed.reduce((sum, value, j) => sum + value * (up[row + j] ?? 0), 0);
      expect(made).toBeCloseTo(out.values[(39 * heads + head) * valueWidth + i] ?? 0, 4);
    }
  }
});

test("what there is not is refused by name", async () => {
  using model = await loadModel(gpu, bundledNano, { context: 64 });
  const { layers, heads } = model.decoder.config;
  const refused = (options: object) => expect(model.attentionWeights(tokens, options)).rejects;
  await refused({ position: 40 }).toThrow("position is 40, expected an integer from 0 to 39");
  await refused({ layer: layers }).toThrow(`layer is ${layers}, expected an integer from 0 to ${layers - 1}`);
  await refused({ head: -1 }).toThrow(`head is -1, expected an integer from 0 to ${heads - 1}`);
  await refused({ perHead: 1 }).toThrow("perHead is 1, expected true or false");
  await refused({ heads: 1 }).toThrow("did you mean head?");
  const large = { tokens: 10_000, layers: 32, heads: 32 };
  expect(() => checkAttention({ perHead: true }, large)).toThrow(
    "attentionWeights: perHead takes 39.1 MiB, expected 32.0 MiB; ask for one layer or head",
  );
  for (const less of [{ layer: 3 }, { head: 3 }, { position: 99 }]) checkAttention({ perHead: true, ...less }, large);
  await expect(model.attentionWeights([])).rejects.toThrow("there are no tokens");
  await refused({ signal: AbortSignal.abort(new RangeError("enough")) }).toThrow("enough");
});
