import { readJson } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { encoderTypes } from "../../models/encoders/model-types.ts";
import type { EncoderEntry, LoadRequest } from "./loaded.ts";
import type { Report } from "./progress.ts";

/** Whether a source is an encoder's: by its config, or where that is in a folder of its own, by its list of modules. */
export async function holdsEncoder(source: FileSource): Promise<boolean> {
  if (source.gguf !== undefined) return false;
  if (!(await source.has("config.json"))) return source.has("modules.json");
  const config = await readJson(source, "config.json");
  const type = typeof config === "object" && config !== null && "model_type" in config ? config.model_type : undefined;
  return encoderTypes.some((one) => one === type);
}

/** Loads an encoder, and makes the vector of a word, so that programs and memory of the first request are there. */
export async function loadedEncoder(
  gpu: Gpu,
  source: FileSource,
  { dtype, verify }: LoadRequest,
  report: Report,
  { signal, onWarning }: { readonly signal: AbortSignal | undefined; readonly onWarning: (text: string) => void },
): Promise<Pick<EncoderEntry, "encoder" | "tuned">> {
  const { loadEncoder } = await import("../../encode/load-encoder.ts");
  const onProgress = (done: number, total: number) => report("upload", done, total);
  const encoder = await loadEncoder(gpu, source, { dtype, verify, onProgress, onWarning, signal });
  try {
    report("warm-up", 0, 1);
    await encoder.embed(["word"], { signal });
    report("warm-up", 1, 1);
    return { encoder, tuned: 0 };
  } catch (error) {
    encoder.dispose();
    throw error;
  }
}
