// Results that are NaN or infinite while a model runs: an error instead of a text, and the op that is at fault.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isMixture } from "../../src/blocks/mixture.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { probe as probeOf } from "../../src/generate/look/inspection.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const prompt = [10, 20, 30, 40, 50]; // not 0, whose embedding is the first row of the head

describe.each([
  ["a dense model", bundledModel],
  ["a mixture", bundledMixture],
])("%s", (_, folder) => {
  let model: LanguageModel;
  beforeAll(async () => {
    model = await loadModel(gpu, folder, { context: 64 });
  });
  afterAll(() => model.dispose());

  const probe = async () => {
    using session = model.session();
    return await probeOf(session.state, prompt);
  };

  /** Runs `use` while the first two elements of some rows of a matrix of halves are another. */
  async function with16(
    matrix: Tensor,
    rows: readonly number[],
    half: number,
    use: () => Promise<void>,
  ): Promise<void> {
    const { storage, shape } = matrix;
    expect(matrix.dtype).toBe("f16");
    const offsets = rows.map((row) => 2 * row * (shape[1] ?? 0));
    const before = await Promise.all(offsets.map((offset) => gpu.read(storage, offset, 4)));
    const write = (offset: number, bytes: ArrayBuffer) => gpu.write(storage, offset, new Uint8Array(bytes));
    for (const offset of offsets) await write(offset, Uint16Array.of(half, half).buffer);
    try {
      await use();
    } finally {
      for (const [i, offset] of offsets.entries()) await write(offset, before[i] ?? new ArrayBuffer());
    }
  }
  const [nan, infinity] = [0x7e00, 0x7c00];

  test("is finite, and says so", async () => {
    expect(await probe()).toBeUndefined();
  });

  test.each([1, -1])("a layer at fault is named, and no other: layer at %i", async (at) => {
    const { blocks } = model.decoder.weights;
    const layer = (at + blocks.length) % blocks.length;
    const weights = blocks[layer]?.feedForward;
    if (!weights) throw new Error(`there is no layer ${layer}`);
    const down = isMixture(weights) ? weights.down : weights.down.weight;
    const { width, mixture } = model.decoder.config;
    const rows = Array.from({ length: mixture?.experts ?? 1 }, (_, expert) => expert * width); // of each expert
    await with16(down, rows, nan, async () => {
      const fault = await probe();
      expect(fault).toMatchObject({ block: `layer.${layer}.feed-forward`, value: Number.NaN });
      expect(fault?.op).toMatch(isMixture(weights) ? /^moe\/experts$/ : /^projection$/);
      const message = /inspect --probe names/;
      await expect(model.generate(prompt, { maxTokens: 3 }).result).rejects.toThrow(message);
      await expect(model.generate(prompt, { maxTokens: 3, temperature: 1 }).result).rejects.toThrow(message);
      await expect(model.score(prompt)).rejects.toThrow(message);
    });
    const after = await model.generate(prompt, { maxTokens: 2 }).result;
    expect(after.rows[0]?.tokens).toHaveLength(2);
  });

  test("the head's own, too", async () => {
    const { head } = model.decoder.weights;
    await with16(head.weight, [0], infinity, async () => {
      const message = "the logits of row 0 after 5 tokens are not finite; shaderformer inspect --probe names";
      await expect(model.generate(prompt, { maxTokens: 3 }).result).rejects.toThrow(message);
      expect(await probe()).toMatchObject({ block: "head", op: "matmul" });
    });
  });
});
