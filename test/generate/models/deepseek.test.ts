import { describe, expect, test } from "vitest";
import type { BlockWeights } from "../../../src/blocks/transformer-block.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { goldenFolders, goldenTests } from "./golden-folder.ts";

const gpu = await testGpu();
const names = ["deepseek-v2", "deepseek-v2-lite", "deepseek-v3"];
const folder = (name: string) => `${goldenFolders}/${name}`;

describe.each(names)("%s", (name) => goldenTests(gpu, folder(name)));

// Keys and values of all heads would take 224 KiB for 512 tokens.
const tight = await testGpu({ cap: { binding: 200 << 10 } });

describe("deepseek-v2 where keys and values of all heads do not fit", () =>
  goldenTests(tight, folder("deepseek-v2"), { context: 512 }));

describe("a cache of latents", async () => {
  const model = await loadModel(gpu, folder("deepseek-v3"), { context: 100, dtype: "bf16" });

  test("holds a latent and one rotated key a token, in as few bytes", async () => {
    using session = model.session(2);
    const [first] = await session.state.cache.tensors(128);
    expect([first?.keys.shape, first?.values.shape]).toEqual([
      [2, 1, 128, 40],
      [2, 1, 128, 1],
    ]);
    const { memory } = await session.generate([[1, 2, 3], [4]] as never, { maxTokens: 0 }).result;
    expect(memory.cache).toBe(3 * 2 * 128 * (40 + 1) * 4);
  });

  test("comes with weights of any type, of which only those of the heads stay f32", () => {
    const blocks = model.decoder.weights.blocks as readonly BlockWeights[];
    const types = blocks.map(({ attention: { q, k, v, output } }) =>
      [q, k, v, output].map(({ weight }) => weight.dtype),
    );
    expect(types).toEqual(new Array(3).fill(["bf16", "bf16", "f32", "bf16"]));
    model.dispose();
  });
});
