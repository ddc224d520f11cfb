// Loading a small model from a hub into a cache in memory, and what the tests of that compare.
import { expect } from "vitest";
import type { HubOptions } from "../../../src/formats/hub/hub-options.ts";
import type { ModelCache } from "../../../src/formats/hub/model-cache.ts";
import { openModel } from "../../../src/formats/hub/open-model.ts";
import { modelCacheIn } from "../../../src/formats/hub/open-model-cache.ts";
import type { Store } from "../../../src/formats/hub/stores/store.ts";
import { readTextIfPresent } from "../../../src/formats/read-text.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { type Files, safetensors } from "../checkpoint-bytes.ts";
import { memoryStore } from "../memory-store.ts";
import { repository, type TestHub } from "./hub-server.ts";

/** Bytes of a segment in these tests. */
export const segmentBytes = 16 << 10;

/** A model folder whose weights take several segments. */
export function modelFiles(seed = 1, bytes = 150_000): Files {
  const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + seed * (i >> 8)) & 0xff);
  return {
    "config.json": `{"seed": ${seed}}`,
    "tokenizer.json": JSON.stringify({ text: "x".repeat(5000), seed }),
    "model.safetensors": safetensors({ t: { dtype: "U8", shape: [bytes], bytes: data } }),
  };
}

/** A cache in memory, with the store that it is over. */
export function testCache(): { store: Store; cache: ModelCache } {
  const store = memoryStore();
  return { store, cache: modelCacheIn(store, segmentBytes) };
}

/** The repository of a hub, opened with short waits. */
export const openHub = (hub: TestHub, options: HubOptions = {}): Promise<FileSource> =>
  openModel(repository, { endpoint: hub.endpoint, retryDelay: 1, idleTimeout: 2000, ...options });

/** Reads a model as a load does, and compares every byte. */
export async function readModel(source: FileSource, files: Files): Promise<void> {
  for (const name of ["config.json", "tokenizer.json", "generation_config.json"]) {
    expect(await readTextIfPresent(source, name)).toBe(files[name]);
  }
  const weights = await openWeights(source);
  await source.prepare?.(["model.safetensors"]);
  const stored = files["model.safetensors"] as Uint8Array;
  for (const tensor of weights.tensors.values()) {
    for await (const bytes of weights.readInOrder([{ tensor, begin: 0, end: tensor.end - tensor.begin }])) {
      expect(Buffer.compare(bytes, stored.subarray(tensor.begin, tensor.end))).toBe(0);
    }
  }
}
