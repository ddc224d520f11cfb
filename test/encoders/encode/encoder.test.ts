import { afterAll, describe, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { byTurns } from "../../support/by-turns.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import { firstIf } from "../../support/first-tier.ts";
import {
  cosineOf,
  encoderFolder,
  encoderGolden,
  encoderNames,
  farthest,
  halvedGolden,
  meanFolder,
  meanOf,
} from "./golden-encoders.ts";

const devices = {
  "default adapter": await quickGpu(),
  "the adapter's own kernels": await testGpu(),
  "without features": await quickGpu({ features: [] }),
  swiftshader: await quickGpu({ adapter: "swiftshader" }),
};

describe.each(byTurns(devices, encoderNames))("%s > %s", async (device, name, gpu) => {
  const encoder = await loadEncoder(gpu, encoderFolder(name));
  afterAll(() => encoder.dispose());
  const { texts } = encoderGolden(name);
  test.each(texts)("states of $text", firstIf(device === "default adapter"), async ({ text, tokens, layers }) => {
    const hidden = await encoder.hidden(text);
    expect(hidden.tokens).toEqual(tokens);
    expect(hidden.layers.map((rows) => rows.length)).toEqual(layers.map((rows) => rows.length));
    for (const [i, rows] of hidden.layers.entries()) expect(farthest(rows, layers[i] ?? [])).toBeLessThan(2e-5);
  });

  // Activations are f32 whatever the weights are, so that the bounds are those of f32 weights.
  test("weights rounded to f16 give float64's states and vectors with the rounded weights", async () => {
    const halved = await loadEncoder(gpu, await meanFolder(name), { dtype: "f16" });
    try {
      for (const { text, last } of halvedGolden(name).texts) {
        const { layers } = await halved.hidden(text);
        expect(farthest(layers.at(-1) ?? [], last), text).toBeLessThan(2e-5);
        const { embeddings } = await halved.embed([text]);
        expect(cosineOf(embeddings[0] ?? [], meanOf(last)), text).toBeGreaterThan(0.999999);
        // They are not those of the weights as they are in the file.
        const unrounded =
          encoderGolden(name)
            .texts.find((one) => one.text === text)
            ?.layers.at(-1) ?? [];
        expect(farthest(layers.at(-1) ?? [], unrounded), text).toBeGreaterThan(1e-4);
      }
    } finally {
      halved.dispose();
    }
  });
});
