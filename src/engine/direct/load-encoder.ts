import type { Encoder } from "../../encode/encoder.ts";
import { readJson } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { encoderTypes } from "../../models/encoders/model-types.ts";
import type { LoadOptions } from "../../models/loader.ts";
import { callback, checkValue } from "../../options/checks.ts";
import { RequestError } from "../request-error.ts";
import type { EncoderEntry, LoadRequest } from "./loaded.ts";
import type { Report } from "./progress.ts";

/** What loads an encoder: `loadEncoder` of `shaderformer/encoders`. */
export type EncoderLoader = (
  gpu: Gpu,
  from: FileSource,
  options: Pick<LoadOptions, "dtype" | "verify" | "onProgress" | "onWarning" | "signal">,
) => Promise<Encoder>;

let loader: EncoderLoader | undefined;

/**
 * Lets engines of this thread load encoders: `setEncoderLoader(loadEncoder)` with `loadEncoder` of
 * `shaderformer/encoders`, in the script that the engine runs in. Without it an engine refuses their folders, so that pages
 * without encoders do not hold them; `shaderformer/worker` and the command `serve` have it.
 */
export function setEncoderLoader(load: EncoderLoader): void {
  checkValue("setEncoderLoader", "load", callback, load);
  loader = load;
}

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
  if (!loader) {
    const problem = `${source.name} is an encoder: setEncoderLoader(loadEncoder) of shaderformer/encoders comes first`;
    throw new RequestError(problem, { status: 501, code: "unsupported_model" });
  }
  const onProgress = (done: number, total: number) => report("upload", done, total);
  const encoder = await loader(gpu, source, { dtype, verify, onProgress, onWarning, signal });
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
