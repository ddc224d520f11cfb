import { describe, expect, test } from "vitest";
import { dequantisedFolder, toFolder } from "../../../src/convert/to-folder.ts";
import { readGguf } from "../../../src/formats/gguf/entry.ts";
import { inGguf } from "../../../src/formats/gguf-name.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { readModelFolder } from "../../../src/generate/load/model-folder.ts";
import { decodeF16 } from "../../../src/tensor/dtype.ts";
import { decodePlanes, formats } from "../../../src/tensor/formats/formats.ts";
import { loadPackedFormats } from "../../../src/tensor/formats/packed.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { type Matrix, stackedModel } from "../../support/models/stacked-experts.ts";
import { ggufConfigs } from "./gguf-models.ts";
import { ggufOfFolder, written } from "./gguf-of-folder.ts";

const gpu = await quickGpu();
await loadPackedFormats();

const config = ggufConfigs()["gpt-oss"] ?? {};
const { blocks, columns, numbers, matrices } = stackedModel(config);
const tokens = [0, 17, 300, 42, 5, 1999, 17, 300, 8, 64, 128, 256, 3, 2, 1, 77, 500, 501];

const opened = (file: Uint8Array) => inGguf(memorySource({ "m.gguf": file }), "m.gguf");

/** The tensors of a GGUF file by their own names, with their types. */
async function tensorsOf(file: Uint8Array) {
  const source = memorySource({ "m.gguf": file });
  const { facts, quantisation } = await readGguf(source, "m.gguf");
  return {
    quantisation,
    types: new Map([...facts.tensors].map(([name, { dtype }]) => [name, dtype])),
    bytesOf: (name: string) => {
      const { begin = 0, end = 0 } = facts.tensors.get(name) ?? {};
      return file.subarray(begin, end);
    },
  };
}

const layers = [0, 1];
const experts = [0, 1, 2, 3];
const stacks = ["gate", "up", "down"] as const;
const nameOf = (layer: number, expert: number, which: string) =>
  `model.layers.${layer}.mlp.experts.${expert}.${which}_proj.weight`;

/** ggml's blocks of a matrix: an exponent, then bytes of which byte i has elements i and i + 16. */
const ggmlBlocks = ({ rows, columns: width, code, exponent }: Matrix): number[] =>
  Array.from({ length: (rows * width) / 32 }, (_, at) => {
    const [row, block] = [Math.floor((at * 32) / width), at % (width / 32)];
    const codes = (i: number) => code(row, 32 * block + i) | (code(row, 32 * block + i + 16) << 4);
    return [exponent(row, block), ...Array.from({ length: 16 }, (_, i) => codes(i))];
  }).flat();

describe("experts of gpt-oss in MXFP4", () => {
  test("are copied into a GGUF file, bit for bit, in ggml's order", async () => {
    for (const options of [{}, { dtype: "f32" }, { weights: "q8_0" }] as const) {
      const { types, bytesOf, quantisation } = await tensorsOf(await ggufOfFolder(blocks, options));
      for (const layer of layers) {
        for (const which of stacks) {
          const name = `blk.${layer}.ffn_${which}_exps.weight`;
          expect(types.get(name)).toBe("MXFP4");
          const wanted = experts.flatMap((e) => ggmlBlocks(matrices.get(nameOf(layer, e, which)) as Matrix));
          expect(Buffer.compare(bytesOf(name), Uint8Array.from(wanted)), name).toBe(0);
        }
      }
      const { dtype = "weights" in options ? options.weights : "f16" } = options as { dtype?: string };
      expect(types.get("blk.0.attn_q.weight")).toBe(dtype.toUpperCase());
      expect(quantisation).toBe(dtype.toUpperCase());
    }
  });

  test.each(["f32", "f16", "q8_0", "q4_0"] as const)("become %s where that is asked for", async (type) => {
    const options = type === "q8_0" || type === "q4_0" ? { weights: type } : { dtype: type };
    const { types, bytesOf } = await tensorsOf(await ggufOfFolder(blocks, { ...options, requantise: true }));
    const plain = await tensorsOf(await ggufOfFolder(columns, options));
    expect(new Set(types.values())).not.toContain("MXFP4");
    for (const layer of layers) {
      for (const which of stacks) {
        const name = `blk.${layer}.ffn_${which}_exps.weight`;
        expect(types.get(name)).toBe(type.toUpperCase());
        // The same as from the folder whose experts are these numbers as bf16.
        expect(Buffer.compare(bytesOf(name), plain.bytesOf(name))).toBe(0);
        const wanted = experts.flatMap((e) => [...(numbers.get(nameOf(layer, e, which)) ?? [])]);
        const bytes = bytesOf(name).slice();
        const { ggml } = formats[type];
        const planes = ggml?.split(bytes) ?? {
          data: new formats[type].planes.data.array(bytes.buffer),
        };
        const found = decodePlanes(type, [wanted.length / 32, 32], planes);
        const worst = Math.max(...wanted.map((value, i) => Math.abs(value - (found[i] ?? Number.NaN))));
        if (type === "f32" || type === "f16") expect(worst).toBe(0);
        // Half a step of 127, or the step by which the largest number of the other sign is cut off.
        else expect(worst).toBeLessThanOrEqual((type === "q8_0" ? 1 / 253 : 1 / 8) * Math.max(...wanted.map(Math.abs)));
      }
    }
  });

  test("compute from the file what they do from the folder", async () => {
    using fromFolder = await loadModel(gpu, blocks);
    using fromGguf = await loadModel(gpu, opened(await ggufOfFolder(blocks, { dtype: "f32" })), {
      onWarning: () => {},
    });
    expect(fromGguf.decoder.weights.bytes).toBe(fromFolder.decoder.weights.bytes);
    const expected = await fromFolder.score(tokens);
    const found = await fromGguf.score(tokens);
    // The file's ends of YaRN's ramp and its eps are f32.
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 4);
    expect(new Set(Array.from(expected, (value) => value.toFixed(3))).size).toBeGreaterThan(10);
  });

  test("become f16 stacks as transformers has them, from the file and from the folder", async () => {
    const file = await ggufOfFolder(blocks, { dtype: "f32" });
    const [fromGguf, fromFolder] = [
      await toFolder(memorySource({ "m.gguf": file }), "m.gguf"),
      await dequantisedFolder(blocks),
    ];
    expect(fromFolder.warnings.join()).toBe("memory: mxfp4: what codes stand for is written as f16");
    const expected = await openWeights(columns);
    for (const writing of [fromGguf, fromFolder]) {
      const bytes = await written(writing);
      const weights = await openWeights(memorySource({ "model.safetensors": bytes }));
      expect([...weights.tensors.keys()].toSorted()).toEqual([...expected.tensors.keys()].toSorted());
      for (const [name, { shape, begin, end }] of expected.tensors) {
        if (!/experts\.(gate_up|down)_proj$/.test(name)) continue;
        const tensor = weights.get(name, shape);
        const own = new Uint16Array((await weights.read(tensor, 0, tensor.end - tensor.begin)).slice().buffer);
        const wanted = new Uint16Array((await expected.read(expected.get(name), 0, end - begin)).slice().buffer);
        // bf16 is the upper half of an f32.
        const floats = new Float32Array(Uint32Array.from(wanted, (half) => half << 16).buffer);
        expect(own.findIndex((half, i) => decodeF16(half) !== floats[i])).toBe(-1);
      }
      const settings = JSON.parse(writing.files["config.json"] ?? "");
      expect(settings).not.toHaveProperty("quantization_config");
      expect(settings).toMatchObject({ architectures: ["GptOssForCausalLM"], torch_dtype: "float16" });
      if (writing === fromGguf) expect(settings.model_type).toBe("gpt_oss");
      const small = Object.entries(writing.files).map(([name, text]) => [name, new TextEncoder().encode(text)]);
      const folder = memorySource({ ...Object.fromEntries(small), "model.safetensors": bytes });
      expect((await readModelFolder(folder)).warnings).toEqual([]);
      // And that folder is the same file again.
      const again = await tensorsOf(await ggufOfFolder(folder, { dtype: "f32" }));
      const first = await tensorsOf(await ggufOfFolder(columns, { dtype: "f32" }));
      for (const which of stacks) {
        const name = `blk.1.ffn_${which}_exps.weight`;
        expect(Buffer.compare(again.bytesOf(name), first.bytesOf(name))).toBe(0);
      }
    }
  });
});

test("experts that are one stack, gates before ups, make the file that experts of their own make", async () => {
  const mixture = ggufConfigs()["qwen3moe"] ?? {};
  const { rows, apart } = stackedModel(mixture);
  for (const options of [{ dtype: "f16" }, { weights: "q8_0" }] as const) {
    const [whole, single] = [await ggufOfFolder(rows, options), await ggufOfFolder(apart, options)];
    const [own, other] = [await tensorsOf(whole), await tensorsOf(single)];
    expect([...own.types].toSorted()).toEqual([...other.types].toSorted());
    for (const name of other.types.keys()) {
      expect(Buffer.compare(own.bytesOf(name), other.bytesOf(name)), name).toBe(0);
    }
  }
});
