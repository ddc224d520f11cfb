// A device that is lost in the middle of a text: the call fails by name, and a new device gives the text it would have
// been.
import { expect, test } from "vitest";
import { openGpu } from "../../../src/gpu/device/open.ts";
import { GpuError } from "../../../src/gpu/errors.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import type { EncoderDecoder } from "../../../src/seq2seq/encoder-decoder.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import type { SequenceOptions } from "../../../src/seq2seq/options.ts";
import { quick } from "../../support/devices/gpu.ts";
import { sequenceFolder, sequenceGolden } from "./golden.ts";

const { texts } = sequenceGolden("t5");
const several = texts.slice(0, 3);
const given = several.map(({ text }) => text);
const searches = several.map(({ beams }) => beams?.[0]?.results[0]?.ids);

/** Ways to generate, with the ids that float64 finds. */
const ways = {
  greedy: { options: { beams: 1 }, expected: several.map(({ greedy }) => greedy.ids), losses: [0, 3] },
  "4 beams": { options: { beams: 4 }, expected: searches, losses: [3] },
};

/** A device to lose. */
const opened = async () => {
  const gpu = await openGpu();
  tune(gpu, quick);
  return gpu;
};

/**
 * A call that is aborted, and one whose device is lost while it waits: each has given the first of its tokens and no
 * others.
 */
async function ends(model: EncoderDecoder, options: SequenceOptions): Promise<void> {
  const whole: unknown[] = [];
  await model.generate(given, { maxTokens: 20, ...options, onToken: (piece) => whole.push(piece) });
  for (const loses of [false, true]) {
    const gpu = await opened();
    using other = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
    const stop = new AbortController();
    const end = () => (loses ? gpu.device.destroy() : stop.abort(new Error("enough")));
    const pieces: unknown[] = [];
    const onToken = (piece: unknown) => {
      if (pieces.push(piece) === 4) setImmediate(end);
    };
    const generating = other.generate(given, { maxTokens: 20, ...options, onToken, signal: stop.signal });
    await expect(generating).rejects.toMatchObject(loses ? { name: "GpuError" } : { message: "enough" });
    expect(pieces).toStrictEqual(whole.slice(0, pieces.length));
    expect(pieces.length).toBeLessThan(whole.length);
    gpu.close();
  }
}

test.each(Object.entries(ways))("%s", async (_, { options, expected, losses }) => {
  for (const lost of losses) {
    const gpu = await opened();
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
  const gpu = await opened();
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  await ends(model, options);
  const { results } = await model.generate(given, { maxTokens: 20, ...options });
  expect(results.map(({ ids }) => ids)).toEqual(expected);
  gpu.close();
});
