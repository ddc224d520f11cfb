import { afterAll, describe, expect, test } from "vitest";
import { loadEncoder } from "../../src/encode/load-encoder.ts";
import { testGpu } from "../support/gpu.ts";
import { encoderFolder, encoderGolden, encoderNames, farthest } from "./golden-encoders.ts";

const devices = {
  "default adapter": await testGpu(),
  "without features": await testGpu({ features: [] }),
  swiftshader: await testGpu({ adapter: "swiftshader" }),
};

describe.each(Object.entries(devices))("%s", (_, gpu) => {
  describe.each(encoderNames)("%s", async (name) => {
    const encoder = await loadEncoder(gpu, encoderFolder(name));
    afterAll(() => encoder.dispose());
    const { texts } = encoderGolden(name);
    test.each(texts)("states of $text", async ({ text, tokens, layers }) => {
      const hidden = await encoder.hidden(text);
      expect(hidden.tokens).toEqual(tokens);
      expect(hidden.layers.map((rows) => rows.length)).toEqual(layers.map((rows) => rows.length));
      for (const [i, rows] of hidden.layers.entries()) expect(farthest(rows, layers[i] ?? [])).toBeLessThan(2e-5);
    });
  });
});
