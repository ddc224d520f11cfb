// The sources of a worker's models.

import { openModel, openModelCache } from "../../../src/formats/hub.ts";
import type { LoadProgress } from "../../../src/formats/load-progress.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { modelFiles } from "../../../src/generate/load/model-files.ts";
import type { ModelPlan, ModelRequest } from "./request.ts";

let cache: ReturnType<typeof openModelCache> | undefined;

/** The files that a request names, cached in the browser if it allows that. */
export async function sourceOf(
  { source, endpoint, token }: ModelRequest,
  signal: AbortSignal,
  onProgress?: (progress: LoadProgress) => void,
): Promise<FileSource> {
  cache ??= openModelCache();
  const kept = await cache;
  return await openModel(source, {
    endpoint,
    signal,
    cache: kept ?? false,
    ...(token === "" ? {} : { token }),
    ...(onProgress ? { onProgress } : {}),
  });
}

/** What the weights in a folder need; reads the headers of its files. */
export async function planOf(folder: FileSource, signal: AbortSignal): Promise<Omit<ModelPlan, "license">> {
  const weights = await (await modelFiles(folder)).weights(false);
  const files = [...new Set([...weights.tensors.values()].map(({ file }) => file))];
  const kept = await Promise.all(files.map((file) => folder.kept?.(file, { signal }) ?? 0));
  return {
    bytes: weights.bytes,
    kept: Math.min(
      weights.bytes,
      kept.reduce((sum, bytes) => sum + bytes, 0),
    ),
  };
}
