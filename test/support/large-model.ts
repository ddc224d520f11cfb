import { copyFile, mkdtemp, open, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { normal } from "../../src/check/random.ts";
import { encode } from "../../src/tensor/dtype.ts";
import { bundledModel } from "./bundled.ts";
import { llamaShapes } from "./random-model.ts";

/** Writes a Llama folder of random f16 weights of about `megabytes` MiB, piece by piece; its path. */
export async function writeLargeModel(megabytes: number): Promise<string> {
  const config = {
    ...{ architectures: ["LlamaForCausalLM"], model_type: "llama", hidden_act: "silu", torch_dtype: "float16" },
    ...{ vocab_size: 2048, hidden_size: 1024, intermediate_size: 4096, max_position_embeddings: 512 },
    ...{ num_attention_heads: 16, num_key_value_heads: 4, num_hidden_layers: Math.max(1, Math.round(megabytes / 29)) },
    ...{ rms_norm_eps: 1e-5, rope_theta: 10000, tie_word_embeddings: true, bos_token_id: 0, eos_token_id: 1 },
  };
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-large-"));
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
    await copyFile(join(bundledModel, file), join(folder, file));
  }
  const header: Record<string, unknown> = {};
  let bytes = 0;
  for (const [name, shape] of Object.entries(llamaShapes(config))) {
    const size = 2 * shape.reduce((product, axis) => product * axis, 1);
    header[name] = { dtype: "F16", shape, data_offsets: [bytes, bytes + size] };
    bytes += size;
  }
  const json = Buffer.from(JSON.stringify(header).padEnd(8 * Math.ceil(JSON.stringify(header).length / 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const block = Buffer.from(encode("f16", normal(1 << 19, 1, 0.03)).buffer);
  const file = await open(join(folder, "model.safetensors"), "w");
  try {
    await file.write(length);
    await file.write(json);
    for (let at = 0; at < bytes; at += block.length) await file.write(block, 0, Math.min(block.length, bytes - at));
  } finally {
    await file.close();
  }
  return folder;
}
