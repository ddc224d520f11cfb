import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { assertFinite } from "../../src/formats/finite.ts";
import { openFolder } from "../../src/formats/folder.ts";
import { dtypeOf } from "../../src/formats/safetensors/safetensors.ts";
import { openWeights, type WeightPiece, type Weights } from "../../src/formats/weights.ts";
import {
  type Files,
  formatErrorOf,
  memorySource,
  numbered,
  safetensors,
  type TensorToWrite,
  temporaryFolder,
} from "./checkpoint-bytes.ts";

const f16 = (shape: number[], first = 1): TensorToWrite => ({
  dtype: "F16",
  shape,
  bytes: numbered(shape.reduce((a, b) => a * b, 1) * 2, first),
});

async function open(files: Files): Promise<Weights> {
  return openWeights(await openFolder(await temporaryFolder(files)));
}

async function gather(pieces: AsyncIterable<WeightPiece>): Promise<{ bytes: number[]; sizes: number[] }> {
  const bytes: number[] = [];
  const sizes: number[] = [];
  for await (const piece of pieces) {
    expect(piece.begin).toBe(bytes.length);
    expect(piece.bytes.byteOffset % 8).toBe(0);
    bytes.push(...piece.bytes);
    sizes.push(piece.bytes.length);
  }
  return { bytes, sizes };
}

const names = ["model.embed_tokens.weight", "model.layers.0.input_layernorm.weight", "model.norm.weight"] as const;
const single = (): Uint8Array =>
  safetensors({
    [names[0]]: f16([4, 3]),
    [names[1]]: f16([3], 100),
    [names[2]]: { dtype: "F32", shape: [3], bytes: numbered(12, 200) },
    "model.position_ids": { dtype: "I64", shape: [1], bytes: numbered(8) },
  });

describe("one file", () => {
  test("tensors by name, and the bytes of all", async () => {
    const weights = await open({ "model.safetensors": single() });
    expect(weights.tensors.size).toBe(4);
    expect(weights.bytes).toBe(24 + 6 + 12 + 8);
    expect(weights.has(names[0])).toBe(true);
    expect(weights.has("lm_head.weight")).toBe(false);
    expect(weights.get(names[0], [4, 3])).toMatchObject({ dtype: "F16", shape: [4, 3], file: "model.safetensors" });
    expect(weights.get(names[2])).toMatchObject({ dtype: "F32" });
  });

  test("a missing tensor is reported with those of similar names", async () => {
    const weights = await open({ "model.safetensors": single() });
    expect(() => weights.get("embed_tokens.weight")).toThrow(
      `model.safetensors: embed_tokens.weight is not among the 4 tensors; near names: ${names[0]}`,
    );
    expect(() => weights.get("transformer.h.0.attn.c_attn.bias")).toThrow(
      /^model\.safetensors: transformer\.h\.0\.attn\.c_attn\.bias is not among the 4 tensors; it holds model\.embed/,
    );
  });

  test("a shape other than the config's, and a type that is no float, are refused", async () => {
    const weights = await open({ "model.safetensors": single() });
    for (const shape of [[3, 4], [12], [4, 3, 1], []]) {
      expect(() => weights.get(names[0], shape)).toThrow(
        `model.safetensors: ${names[0]} is [4, 3], expected [${shape.join(", ")}]`,
      );
    }
    expect(() => weights.get("model.position_ids")).toThrow(
      "model.safetensors: model.position_ids is I64, expected F32, F16 or BF16",
    );
  });

  test("a folder without weights is reported with the names looked for", async () => {
    const path = await temporaryFolder({ "pytorch_model.bin": "" });
    const error = await formatErrorOf(openWeights(await openFolder(path)));
    expect(error.message).toBe(
      `${path}: holds no weights: looked for model.safetensors.index.json and model.safetensors`,
    );
  });

  test("a truncated file is refused when it is opened", async () => {
    const error = await formatErrorOf(open({ "model.safetensors": single().slice(0, -4) }));
    expect(error.message).toMatch(/^model\.safetensors: model\.position_ids ends at byte \d+, but .*: 4 are missing$/);
  });
});

describe("streaming", () => {
  test("pieces are bounded, whole and aligned, whatever the file's alignment", async () => {
    for (let pad = 0; pad < 8; pad++) {
      const bytes = safetensors({ odd: { dtype: "U8", shape: [1], bytes: numbered(1) }, t: f16([7, 3], 9) }, pad);
      const weights = await openWeights(memorySource({ "model.safetensors": bytes }));
      const tensor = weights.get("t");
      for (const [maxBytes, sizes] of [
        [4, [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 2]],
        [15, [12, 12, 12, 6]],
        [41, [40, 2]],
        [42, [40, 2]],
        [44, [42]],
        [1e9, [42]],
      ] as const) {
        expect(await gather(weights.stream(tensor, maxBytes))).toEqual({ bytes: [...numbered(42, 9)], sizes });
      }
    }
  });

  test("elements are never cut", async () => {
    const weights = await open({
      "model.safetensors": safetensors({
        wide: { dtype: "I64", shape: [3], bytes: numbered(24) },
        six: { dtype: "F6_E2M3", shape: [32], bytes: numbered(24) },
        scalar: { dtype: "F32", shape: [], bytes: numbered(4) },
        empty: f16([0, 5]),
      }),
    });
    const sizes = async (name: string, maxBytes: number) => {
      const tensor = weights.tensors.get(name);
      if (!tensor) throw new Error(`no ${name}`);
      return (await gather(weights.stream(tensor, maxBytes))).sizes;
    };
    expect(await sizes("wide", 23)).toEqual([16, 8]);
    expect(await sizes("six", 23)).toEqual([12, 12]);
    expect(await sizes("scalar", 4)).toEqual([4]);
    expect(await sizes("empty", 4)).toEqual([]);
    await expect(sizes("scalar", 3)).rejects.toThrow(new RangeError("maxBytes is 3, expected at least 4 for F32"));
    await expect(sizes("wide", 7)).rejects.toThrow(RangeError);
    await expect(sizes("wide", Number.NaN)).rejects.toThrow(RangeError);
  });

  test("a piece is read only when it is asked for", async () => {
    const inner = memorySource({ "model.safetensors": safetensors({ t: f16([100]) }) });
    let bytesRead = 0;
    const weights = await openWeights({
      ...inner,
      read: (file, begin, end) => {
        bytesRead += end - begin;
        return inner.read(file, begin, end);
      },
    });
    bytesRead = 0;
    for await (const piece of weights.stream(weights.get("t"), 16)) if (piece.begin === 32) break;
    expect(bytesRead).toBe(48);
  });
});

describe("the bundled model", () => {
  const folder = "examples/models/voices-dense";

  test("has the tensors of its config, finite, and streams to exactly its file's bytes", async () => {
    const weights = await openWeights(await openFolder(folder));
    const file = await readFile(`${folder}/model.safetensors`);
    expect(weights.tensors.size).toBe(2 + 6 * 9);
    weights.get("model.embed_tokens.weight", [2048, 256]);
    weights.get("model.layers.5.self_attn.k_proj.weight", [64, 256]);
    weights.get("model.layers.5.mlp.down_proj.weight", [256, 768]);
    expect(weights.has("lm_head.weight")).toBe(false);
    let seen = 0;
    for (const tensor of weights.tensors.values()) {
      const dtype = dtypeOf(tensor);
      for await (const { begin, bytes } of weights.stream(tensor, 100_000)) {
        assertFinite(tensor.name, tensor.file, dtype, bytes, begin / 2);
        expect(Buffer.compare(bytes, file.subarray(tensor.begin + begin, tensor.begin + begin + bytes.length))).toBe(0);
        seen += bytes.length;
      }
    }
    expect(seen).toBe(weights.bytes);
  });

  test("one element overwritten with infinity is found, by name and index", async () => {
    const bytes = new Uint8Array(await readFile(`${folder}/model.safetensors`));
    const original = await openWeights(await openFolder(folder));
    const norm = original.get("model.norm.weight");
    new DataView(bytes.buffer).setUint16(norm.begin + 2 * 77, 0x7c00, true);
    const weights = await open({ "model.safetensors": bytes });
    const scan = async () => {
      for await (const piece of weights.stream(norm, 100)) {
        assertFinite(norm.name, norm.file, dtypeOf(norm), piece.bytes, piece.begin / 2);
      }
    };
    expect((await formatErrorOf(scan())).message).toBe(
      "model.safetensors: model.norm.weight is Infinity at element 77, expected finite numbers",
    );
  });
});
