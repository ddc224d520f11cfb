import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeRandomFolder } from "../../../bench/models/write-random.ts";

/** Writes a Llama folder of random f16 weights of about `megabytes` MiB, piece by piece; its path. */
export async function writeLargeModel(megabytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-large-"));
  await writeRandomFolder(folder, {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_act: "silu",
    torch_dtype: "float16",
    vocab_size: 2048,
    hidden_size: 1024,
    intermediate_size: 4096,
    max_position_embeddings: 512,
    num_attention_heads: 16,
    num_key_value_heads: 4,
    num_hidden_layers: Math.max(1, Math.round(megabytes / 29)),
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    bos_token_id: 256,
    eos_token_id: 256,
  });
  return folder;
}
