import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { normal } from "../../../src/check/random.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { decode, encode, type PlainType } from "../../../src/tensor/dtype.ts";
import { bundledModel } from "../bundled.ts";
import { safetensors, type WrittenTensor } from "./safetensors.ts";

/** A model of random weights in a folder, and the same weights for the float64 reference. */
export interface RandomModel {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: Record<string, Dense>;
}

/** Writes a Hugging Face folder with these tensor shapes; `shards` files when more than one. */
export async function writeRandomModel(
  config: Readonly<Record<string, unknown>>,
  shapes: Readonly<Record<string, readonly number[]>>,
  dtype: PlainType,
  shards = 1,
): Promise<RandomModel> {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-model-"));
  const weights: Record<string, Dense> = {};
  const written: Record<string, WrittenTensor> = {};
  let seed = 1;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((product, axis) => product * axis, 1);
    // Norm weights stand around one, biases are small, matrices keep the size of what goes through them.
    const isNorm = /norm.*weight|ln_.*weight/.test(name);
    const scale = shape.length === 1 ? 0.1 : 1 / Math.sqrt(shape.at(-1) ?? 1);
    const elements = encode(dtype, normal(size, seed++, scale, isNorm ? 1 : 0));
    written[name] = { shape, dtype, elements };
    weights[name] = dense(shape, decode(dtype, elements));
  }
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  for (const file of ["tokenizer.json", "tokenizer_config.json"]) {
    await copyFile(join(bundledModel, file), join(folder, file));
  }
  if (shards === 1) await writeFile(join(folder, "model.safetensors"), safetensors(written));
  else {
    const map: Record<string, string> = {};
    const names = Object.keys(written);
    for (let shard = 0; shard < shards; shard++) {
      const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
      const own = names.filter((_, i) => i % shards === shard);
      for (const name of own) map[name] = file;
      await writeFile(
        join(folder, file),
        safetensors(Object.fromEntries(own.flatMap((name) => (written[name] ? [[name, written[name]]] : [])))),
      );
    }
    const index = { metadata: { total_size: 0 }, weight_map: map };
    await writeFile(join(folder, "model.safetensors.index.json"), JSON.stringify(index));
  }
  return { folder, config, weights };
}
