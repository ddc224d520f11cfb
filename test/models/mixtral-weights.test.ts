import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, type MockInstance, onTestFinished, test, vi } from "vitest";
import type { MixtureWeights } from "../../src/blocks/mixture.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { stagingBytes } from "../../src/gpu/upload.ts";
import { checkRequirements } from "../../src/models/requirements.ts";
import type { LoadOptions } from "../../src/models/weights/loader.ts";
import { type DecoderWeights, loadWeights } from "../../src/models/weights/weights.ts";
import { decode, type Elements, encode, floatTypes } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { formatErrorOf } from "../formats/checkpoint-bytes.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { writeRandomModel } from "../support/models/random-model.ts";
import {
  expertName,
  familyOf,
  mixtralShapes,
  mixtralTensors,
  openTensors,
  randomElements,
  small,
  stackedBits,
  type Written,
} from "./mixtral-checkpoint.ts";

const roomy = await quickGpu();
/** Six rows of gate and up in f32, twelve in f16, and four and eight of down: experts of 30 and 9 are cut. */
const tight = await quickGpu({ cap: { binding: 240 } });

const load = async (gpu: typeof roomy, tensors: Written, options: LoadOptions = {}, config = small) => {
  const { family, config: settings } = familyOf(config);
  return loadWeights(gpu, await openTensors(tensors), family, settings, options);
};
const mixtureOf = ({ blocks }: DecoderWeights, layer: number): MixtureWeights => {
  const weights = blocks[layer]?.feedForward;
  if (!weights || !("router" in weights)) throw new Error(`layer ${layer} has no experts`);
  return weights;
};
const experts = Array.from({ length: small.num_local_experts }, (_, e) => e);
const gateUpOf = (tensors: Written, layer: number) =>
  experts.map((e) => [tensors[expertName(layer, e, "w1")], tensors[expertName(layer, e, "w3")]]);
const downOf = (tensors: Written, layer: number) => experts.map((e) => [tensors[expertName(layer, e, "w2")]]);
const same = (a: Elements, b: Elements) =>
  Buffer.compare(new Uint8Array(a.buffer, a.byteOffset, a.byteLength), new Uint8Array(b.buffer)) === 0;

describe.each([
  ["in one piece", roomy],
  ["cut within experts", tight],
])("experts %s", (name, gpu) => {
  test.each(floatTypes)("hold the bits of a checkpoint in %s", async (dtype) => {
    const tensors = mixtralTensors(small, dtype);
    const progress: number[] = [];
    const loaded = await load(gpu, tensors, { onProgress: ({ done, total }) => progress.push(done / total) });
    for (const layer of loaded.blocks.keys()) {
      const { router, gateUp, down } = mixtureOf(loaded, layer);
      expect([router.weight.shape, gateUp.shape, down.shape]).toEqual([
        [3, 9],
        [90, 9],
        [27, 15],
      ]);
      expect([router.weight.dtype, gateUp.dtype, down.dtype]).toEqual([dtype, dtype, dtype]);
      expect(same(await gateUp.readStored(), stackedBits(gateUpOf(tensors, layer), dtype))).toBe(true);
      expect(same(await down.readStored(), stackedBits(downOf(tensors, layer), dtype))).toBe(true);
      const routed = tensors[`model.layers.${layer}.block_sparse_moe.gate.weight`];
      expect(same(await router.weight.readStored(), stackedBits([[routed]], dtype))).toBe(true);
      checkCuts(gateUp, 30, name);
      checkCuts(down, 9, name);
      expect(gateUp.segments.every(({ begin, end }) => begin % 2 === 0 && end % 2 === 0)).toBe(true);
    }
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    loaded.dispose();
  });
});

function checkCuts(tensor: Tensor, expertRows: number, name: string): void {
  const cuts = tensor.segments.slice(1).map(({ begin }) => begin);
  if (name === "in one piece") expect(cuts).toEqual([]);
  else expect(cuts.some((begin) => begin % expertRows !== 0)).toBe(true);
}

test("experts in a folder, over several shards", async () => {
  const shapes = mixtralShapes(small);
  const made = await writeRandomModel(small, shapes, "bf16", 3);
  onTestFinished(() => rm(made.folder, { recursive: true }));
  const { family, config } = familyOf(made.config);
  const loaded = await loadWeights(tight, await openWeights(await openFolder(made.folder)), family, config);
  const written: Written = Object.fromEntries(
    Object.entries(made.weights).map(([tensor, { values }]) => {
      return [tensor, { shape: shapes[tensor] ?? [], dtype: "bf16", elements: encode("bf16", values) }];
    }),
  );
  const { gateUp, down } = mixtureOf(loaded, 1);
  expect(same(await gateUp.readStored(), stackedBits(gateUpOf(written, 1), "bf16"))).toBe(true);
  expect(same(await down.readStored(), stackedBits(downOf(written, 1), "bf16"))).toBe(true);
  loaded.dispose();
});

test("experts are converted when asked to be, and to f32 where a checkpoint stores them differently", async () => {
  const tensors = mixtralTensors(small, "f16");
  const asked = await load(roomy, tensors, { dtype: "bf16" });
  const bits = stackedBits(gateUpOf(tensors, 0), "f16");
  const converted = mixtureOf(asked, 0).gateUp;
  expect(converted.dtype).toBe("bf16");
  expect(same(await converted.readStored(), encode("bf16", decode("f16", bits)))).toBe(true);
  asked.dispose();

  const elements = randomElements("bf16", 15 * 9, 99);
  const mixed: Written = { ...tensors, [expertName(0, 1, "w3")]: { shape: [15, 9], dtype: "bf16", elements } };
  const loaded = await load(tight, mixed);
  const { gateUp, down } = mixtureOf(loaded, 0);
  expect([gateUp.dtype, down.dtype]).toEqual(["f32", "f16"]);
  const widened = Object.entries(mixed).map(([name, { shape, dtype, elements }]) => {
    return [name, { shape, dtype: "f32", elements: encode("f32", decode(dtype, elements)) }] as const;
  });
  const expected = stackedBits(gateUpOf(Object.fromEntries(widened), 0), "f32");
  expect(same(await gateUp.readStored(), expected)).toBe(true);
  loaded.dispose();
});

test("experts larger than a staging buffer pass in pieces", async () => {
  const large = { ...small, hidden_size: 1031, intermediate_size: 1029, num_local_experts: 2, num_hidden_layers: 1 };
  const tensors = mixtralTensors(large, "f32");
  const reads: [number, number][] = [];
  const weights = await openTensors(tensors, (begin, end) => reads.push([begin, end]));
  const { family, config } = familyOf(large);
  const loaded = await loadWeights(roomy, weights, family, config);
  const { gateUp, down } = mixtureOf(loaded, 0);
  const two = <T>(parts: T[]) => parts.slice(0, 2);
  expect(same(await gateUp.readStored(), stackedBits(two(gateUpOf(tensors, 0)), "f32"))).toBe(true);
  expect(same(await down.readStored(), stackedBits(two(downOf(tensors, 0)), "f32"))).toBe(true);
  // Every byte once, in pieces of at most a staging buffer.
  const sorted = reads.toSorted(([a], [b]) => a - b);
  expect(sorted.filter(([begin], i) => i > 0 && begin !== sorted[i - 1]?.[1])).toEqual([]);
  expect(sorted.at(-1)?.[1]).toBe(Math.max(...[...weights.tensors.values()].map(({ end }) => end)));
  expect(Math.max(...reads.map(([begin, end]) => end - begin))).toBeLessThanOrEqual(stagingBytes);
  loaded.dispose();
  const [late, at] = [expertName(0, 1, "w1"), 1_060_000];
  if (tensors[late]) tensors[late].elements[at] = Number.POSITIVE_INFINITY;
  const message = `${late} is Infinity at element ${at}, expected finite numbers`;
  await expect(load(roomy, tensors, {}, large)).rejects.toThrow(message);
});

describe("a checkpoint that does not fit", () => {
  let upload: MockInstance<typeof tight.upload>;
  beforeEach(() => {
    upload = vi.spyOn(tight, "upload");
  });
  afterEach(() => upload.mockRestore());
  const name = expertName(1, 2, "w3");

  test.each<[string, (tensors: Written) => void, string | RegExp]>([
    [
      "without an expert's up",
      (tensors) => delete tensors[name],
      new RegExp(`^model.safetensors: ${name} is not among the \\d+ tensors; near names: model.layers`),
    ],
    [
      "with an expert of another shape",
      (tensors) => {
        tensors[name] = { shape: [9, 15], dtype: "f16", elements: randomElements("f16", 135, 1) };
      },
      `model.safetensors: ${name} is [9, 15], expected [15, 9]`,
    ],
    [
      "with a down that is wider",
      (tensors) => {
        tensors[expertName(0, 0, "w2")] = { shape: [9, 16], dtype: "f16", elements: randomElements("f16", 144, 1) };
      },
      `model.safetensors: ${expertName(0, 0, "w2")} is [9, 16], expected [9, 15]`,
    ],
    [
      "with a router of more experts",
      (tensors) => {
        const elements = randomElements("f16", 36, 1);
        tensors["model.layers.0.block_sparse_moe.gate.weight"] = { shape: [4, 9], dtype: "f16", elements };
      },
      "model.safetensors: model.layers.0.block_sparse_moe.gate.weight is [4, 9], expected [3, 9]",
    ],
    [
      "with an expert of integers",
      (tensors) => {
        tensors[name] = { shape: [15, 9], dtype: "u32", elements: new Uint32Array(135) };
      },
      `model.safetensors: ${name} is U32, expected F32, F16 or BF16`,
    ],
  ])("%s is refused before anything is uploaded", async (_, change, message) => {
    const tensors = mixtralTensors(small, "f16");
    change(tensors);
    expect((await formatErrorOf(load(tight, tensors))).message).toMatch(message);
    expect(upload).not.toHaveBeenCalled();
  });

  const allFreed = () => {
    const states = upload.mock.results.map(({ value }) => value.state);
    expect(states.length).toBeGreaterThan(10);
    expect(new Set(states)).toEqual(new Set(["disposed"]));
  };

  test.each<["w1" | "w2" | "w3", number]>([
    ["w1", 0],
    ["w3", 134],
    ["w2", 77],
  ])("with NaN in %s is refused by name and element, and leaves nothing allocated", async (which, at) => {
    const tensors = mixtralTensors(small, "f16");
    const bad = tensors[expertName(1, 1, which)];
    if (bad) bad.elements[at] = 0xfe01;
    expect((await formatErrorOf(load(tight, tensors))).message).toBe(
      `model.safetensors: ${expertName(1, 1, which)} is NaN at element ${at}, expected finite numbers`,
    );
    allFreed();
  });

  test("and one that is no longer awaited leave nothing allocated", async () => {
    const controller = new AbortController();
    const options: LoadOptions = {
      signal: controller.signal,
      onProgress: ({ done, total }) => done > total / 2 && controller.abort(new Error("left the page")),
    };
    await expect(load(tight, mixtralTensors(small, "f16"), options)).rejects.toThrow("left the page");
    allFreed();
  });

  test("four rows of an expert that do not fit one binding together are refused", async () => {
    const wide = { ...small, hidden_size: 35 };
    const { config } = familyOf(wide);
    const message = "560 bytes for four rows of an expert's weights";
    expect(() => checkRequirements(tight, config, 1)).toThrow(message);
    await expect(load(tight, mixtralTensors(wide, "f32"), {}, wide)).rejects.toThrow(
      /w1\.weight with .*w3: 4 rows of \[90, 35\] take 560 bytes, more than 240 here/,
    );
    allFreed();
  });
});
