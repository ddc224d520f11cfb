import { describe, expect, test } from "vitest";
import { openWeights } from "../../src/formats/weights.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import type { StackedSource, WeightSource } from "../../src/models/decoders/family.ts";
import { Loader, type LoadOptions } from "../../src/models/weights/loader.ts";
import { storedTensor } from "../../src/models/weights/stored-rows.ts";
import { memorySource, safetensors, type TensorToWrite } from "../formats/checkpoint-bytes.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu({ cap: { binding: 4096 } });
/** Twelve rows of 32 elements in four bits each. */
const tight = await quickGpu({ cap: { binding: 204 } });

const open = (tensors: Readonly<Record<string, TensorToWrite>>) =>
  openWeights(memorySource({ "model.safetensors": safetensors(tensors) }));

async function load(
  tensors: Readonly<Record<string, TensorToWrite>>,
  of: WeightSource | readonly WeightSource[],
  options: LoadOptions = {},
  device = gpu,
) {
  const progress: number[] = [];
  const loader = new Loader(device, await open(tensors), {
    ...options,
    onProgress: ({ done, total }) => progress.push(done / total),
  });
  try {
    const stack: StackedSource = { label: "stacked", parts: ["name" in of ? [of] : of] };
    const tensor = await loader.matrix(stack);
    await loader.finish();
    const { shape, dtype, segments } = tensor;
    return {
      shape,
      dtype,
      segments,
      bytes: tensor.bytes,
      values: [...(await tensor.read())],
      progress: progress.at(-1),
    };
  } finally {
    loader.dispose();
  }
}

/** The source of a layer's stack, as gpt-oss has it for one expert of width 16 on a model of width 32. */
function sourceOf(name: "gateUp" | "down"): WeightSource {
  const { family, config } = readArchitecture({
    architectures: ["GptOssForCausalLM"],
    vocab_size: 96,
    hidden_size: 32,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 1,
    head_dim: 32,
    num_local_experts: 1,
    num_experts_per_tok: 1,
  });
  const { feedForward } = family.layer(config, 0, (tensor) => tensor.endsWith("_blocks"));
  const source = feedForward && "router" in feedForward ? feedForward[name].parts[0]?.[0] : undefined;
  if (!source) throw new Error("no experts");
  return source;
}

describe("weights in blocks of four bits", () => {
  const source = sourceOf("down");
  const [blocksName, scalesName] = [source.name, source.name.replace("_blocks", "_scales")];
  /** Row r holds the codes of nibbles r, r + 1, …: low halves first. */
  const blocks = Uint8Array.from({ length: 32 * 16 }, (_, i) => {
    const [row, byte] = [i >> 4, i & 15];
    return ((row + 2 * byte) & 15) | (((row + 2 * byte + 1) & 15) << 4);
  });
  const scales = Uint8Array.from({ length: 32 }, (_, row) => 110 + row);
  const written = (changed: Readonly<Record<string, Partial<TensorToWrite>>> = {}) => ({
    [blocksName]: { dtype: "U8", shape: [1, 32, 1, 16], bytes: blocks, ...changed["blocks"] },
    [scalesName]: { dtype: "U8", shape: [1, 32, 1], bytes: scales, ...changed["scales"] },
  });
  const magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
  const expected = Array.from({ length: 32 * 32 }, (_, i) => {
    const [row, column] = [i >> 5, i & 31];
    const code = (row + column) & 15;
    return (magnitudes[code & 7] ?? 0) * (code < 8 ? 1 : -1) * 2 ** (row - 17);
  });

  test("stay packed on the GPU, cut between rows in both planes", async () => {
    for (const [device, pieces] of [
      [gpu, 1],
      [tight, 3],
    ] as const) {
      const { shape, dtype, values, progress, segments, bytes } = await load(written(), source, {}, device);
      expect([shape, dtype, progress]).toEqual([[32, 32], "mxfp4", 1]);
      expect(values).toEqual(expected);
      expect(bytes).toBe(32 * 17);
      expect(segments.length).toBe(pieces);
      expect(segments.every(({ begin }) => begin % 4 === 0)).toBe(true);
    }
  });

  test.each(["bf16", "f32"] as const)("are the same numbers in %s", async (dtype) => {
    const { dtype: made, values, segments } = await load(written(), source, { dtype });
    expect(made).toBe(dtype);
    expect(values).toEqual(expected);
    expect(segments.every(({ begin }) => begin % 4 === 0)).toBe(true);
  });

  test("of several tensors alternate by rows, in both planes", async () => {
    const tensors = {
      ...written(),
      other_blocks: { dtype: "U8", shape: [1, 32, 1, 16], bytes: blocks.toReversed() },
      other_scales: { dtype: "U8", shape: [1, 32, 1], bytes: scales.toReversed() },
    };
    const second: WeightSource = {
      ...source,
      name: "other_blocks",
      packed: { format: "mxfp4", planes: { scales: "other_scales" } },
    };
    const alone = await load(tensors, second);
    const { values } = await load(tensors, [source, second]);
    const row = (of: readonly number[], r: number) => of.slice(r * 32, (r + 1) * 32);
    expect(values).toEqual(Array.from({ length: 64 }, (_, r) => row(r % 2 ? alone.values : expected, r >> 1)).flat());
  });

  test("whose scale makes them infinite are refused", async () => {
    const large = scales.with(7, 254);
    await expect(load(written({ scales: { bytes: large } }), source)).rejects.toThrow(
      `${blocksName} is Infinity at element 224, expected finite numbers`,
    );
  });

  test.each<[string, Readonly<Record<string, Partial<TensorToWrite>>>, string]>([
    ["of another type", { blocks: { dtype: "I8" } }, `${blocksName} is I8 [1, 32, 1, 16], expected U8 [1, 32, 1, 16]`],
    [
      "of another shape",
      { blocks: { shape: [1, 16, 2, 16] } },
      `${blocksName} is U8 [1, 16, 2, 16], expected U8 [1, 32, 1, 16]`,
    ],
    ["with other scales", { scales: { shape: [32, 1, 1] } }, `${scalesName} is U8 [32, 1, 1], expected U8 [1, 32, 1]`],
  ])("%s are refused", async (_, changed, message) => {
    const weights = await open(written(changed));
    expect(() => storedTensor(weights, source)).toThrow(message);
  });

  test("without scales are refused", async () => {
    const weights = await open({ [blocksName]: { dtype: "U8", shape: [1, 32, 1, 16], bytes: blocks } });
    expect(() => storedTensor(weights, source)).toThrow(`${scalesName} is not among the 1 tensors`);
  });
});

describe("matrices stored as [in, out]", () => {
  const stored = Float32Array.from({ length: 3 * 8 * 20 }, (_, i) => i);
  const tensors = { stack: { dtype: "F32", shape: [3, 20, 8], bytes: new Uint8Array(stored.buffer) } };
  const element = (matrix: number, row: number, column: number) => matrix * 160 + column * 8 + row;
  const source: WeightSource = { name: "stack", shape: [3, 20, 8], transposed: true };
  const rows = (begin: number, end: number) =>
    Array.from({ length: (end - begin) * 20 }, (_, i) => {
      const row = begin + Math.floor(i / 20);
      return element(Math.floor(row / 8), row % 8, i % 20);
    });

  test("are transposed each by itself", async () => {
    const { shape, values, progress } = await load(tensors, source);
    expect([shape, progress]).toEqual([[24, 20], 1]);
    expect(values).toEqual(rows(0, 24));
  });

  test("are taken whole, some of them", async () => {
    const { values } = await load(tensors, { ...source, rows: [8, 16] });
    expect(values).toEqual(rows(8, 16));
    await expect(load(tensors, { ...source, rows: [8, 12] })).rejects.toThrow(
      "stack: rows 8 to 12, expected whole matrices, since they are transposed",
    );
  });
});
