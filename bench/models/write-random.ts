import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { normal } from "../../src/check/random.ts";
import { encode } from "../../src/index.ts";
import { byteLevelText } from "../../src/text/parts/byte-level.ts";
import type { ModelConfig } from "./shapes.ts";
import { llamaShapes } from "./weight-shapes.ts";

/** Random numbers from which the weights are cut. */
const blockSize = 1 << 20;
/** Numbers written at a time. */
const pieceSize = 1 << 19;

/**
 * Writes a Hugging Face folder of random f16 weights: norms are 1, matrices preserve the scale of activations, and the
 * same config gives the same bytes. Its tokenizer has a token for each byte and `<|endoftext|>`, 256.
 */
export async function writeRandomFolder(folder: string, config: ModelConfig): Promise<void> {
  const header: Record<string, unknown> = {};
  const shapes = Object.entries(llamaShapes(config));
  let bytes = 0;
  for (const [name, shape] of shapes) {
    const size = 2 * sizeOf(shape);
    header[name] = { dtype: "F16", shape, data_offsets: [bytes, bytes + size] };
    bytes += size;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json.padEnd(8 * Math.ceil(json.length / 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const random = normal(blockSize, 1);
  const encoded = new Map<number, Uint8Array>();
  /** The random numbers times a scale, as f16: weights of all sizes share few scales. */
  const scaled = (scale: number): Uint8Array => {
    const bytes = encoded.get(scale) ?? f16(Float64Array.from(random, (value) => value * scale));
    encoded.set(scale, bytes);
    return bytes;
  };
  const file = await open(join(folder, "model.safetensors"), "w");
  try {
    await file.write(length);
    await file.write(text);
    let at = 0;
    for (const [name, shape] of shapes) {
      const scale = name === "model.embed_tokens.weight" ? 1 : 1 / Math.sqrt(shape.at(-1) ?? 1);
      for (let left = sizeOf(shape); left > 0; left -= pieceSize) {
        const count = Math.min(left, pieceSize);
        const piece = shape.length === 1 ? f16(ones(count)) : scaled(scale).subarray(2 * at, 2 * (at + count));
        at = (at + 7919) % (blockSize - pieceSize); // another part of the numbers for each piece
        await file.write(piece);
      }
    }
  } finally {
    await file.close();
  }
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await writeFile(join(folder, "tokenizer.json"), JSON.stringify(byteTokenizer()));
  await writeFile(join(folder, "tokenizer_config.json"), JSON.stringify({ eos_token: "<|endoftext|>" }));
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, axis) => product * axis, 1);
const ones = (count: number) => new Float64Array(count).fill(1);
const f16 = (values: Float64Array) => new Uint8Array(encode("f16", values).buffer);

/** Byte-level BPE without merges. */
function byteTokenizer() {
  const end = {
    id: 256,
    content: "<|endoftext|>",
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  };
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, byte) => [byteLevelText(Uint8Array.of(byte)), byte]),
  );
  return {
    version: "1.0",
    added_tokens: [end],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab: { ...vocab, "<|endoftext|>": 256 }, merges: [] },
  };
}
