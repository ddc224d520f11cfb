import type { Encoder } from "../../encode/encoder.ts";
import { readJson } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan } from "../../generate/load-plan.ts";
import type { PlanLoadOptions } from "../../generate/plan-load.ts";
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

/** What says what an encoder needs: `planEncoder` of `shaderformer/encoders`. */
export type EncoderPlanner = (
  from: FileSource,
  options: Pick<PlanLoadOptions, "dtype" | "limits" | "signal">,
) => Promise<LoadPlan>;

let loader: EncoderLoader | undefined;
let planner: EncoderPlanner | undefined;

/**
 * Lets engines of this thread load encoders: `setEncoderLoader(loadEncoder)` with `loadEncoder` of
 * `shaderformer/encoders`, in the script that the engine runs in. Without it an engine refuses their folders, so that pages
 * without encoders do not hold them; `shaderformer/worker` and the command `serve` have it. With `planEncoder` of the same
 * entry as the second argument, `engine.plan` takes them too.
 */
export function setEncoderLoader(load: EncoderLoader, plan?: EncoderPlanner): void {
  checkValue("setEncoderLoader", "load", callback, load);
  if (plan !== undefined) checkValue("setEncoderLoader", "plan", callback, plan);
  loader = load;
  planner = plan;
}

/** The error for what only the encoders' own entry does. */
function missing({ name }: FileSource, given: string): RequestError {
  const problem = `${name} is an encoder: setEncoderLoader(${given}) of shaderformer/encoders comes first`;
  return new RequestError(problem, { status: 501, code: "unsupported_model" });
}

/** What an encoder needs of a device. */
export function planOfEncoder(source: FileSource, options: Parameters<EncoderPlanner>[1]): Promise<LoadPlan> {
  if (!planner) throw missing(source, "loadEncoder, planEncoder");
  return planner(source, options);
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
  if (!loader) throw missing(source, "loadEncoder");
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
