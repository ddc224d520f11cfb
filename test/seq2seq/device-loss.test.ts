// A device that is lost in the middle of a text: the call fails by name, and a new device gives the text it would have been.
import { expect, test } from "vitest";
import { GpuError } from "../../src/gpu/errors.ts";
import { openGpu } from "../../src/gpu/open.ts";
import { loadEncoderDecoder } from "../../src/seq2seq/load-encoder-decoder.ts";
import { sequenceFolder, sequenceGolden } from "./golden.ts";

const { texts } = sequenceGolden("t5");
const several = texts.slice(0, 3);
const given = several.map(({ text }) => text);
const searches = several.map(({ beams }) => beams?.[0]?.results[0]?.ids);

/** Ways to generate, with the ids that float64 finds. */
const ways = {
  greedy: { options: { beams: 1 }, expected: several.map(({ greedy }) => greedy.ids) },
  "4 beams": { options: { beams: 4 }, expected: searches },
};

test.each(Object.entries(ways))("%s", async (_, { options, expected }) => {
  for (const lost of [0, 3, 11]) {
    const gpu = await openGpu();
    const model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
    let tokens = 0;
    if (lost === 0) gpu.device.destroy();
    const onToken = () => {
      if (++tokens === lost) gpu.device.destroy();
    };
    const generating = model.generate(given, { maxTokens: 20, ...options, onToken });
    const error = await generating.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(GpuError);
    expect(String(error)).toMatch(/the device was lost/);
    // Steps that were read before the loss is known still come, and no text to its end.
    expect(tokens).toBeLessThan(expected.flat().length);
    await expect(model.generate(given[0] ?? "", options)).rejects.toThrow(/lost/);
    model.dispose();
    gpu.close();
  }
  const gpu = await openGpu();
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  const { results } = await model.generate(given, { maxTokens: 20, ...options });
  expect(results.map(({ ids }) => ids)).toEqual(expected);
  gpu.close();
});
