import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";

/** The kind of model that a source declares, supported or not: the loader of each kind decides that. */
export interface ModelKind {
  /** `model_type` of its `config.json`; undefined for a GGUF file, and without one. */
  readonly type: string | undefined;
  readonly kind: "decoder" | "encoder" | "encoder-decoder";
}

/** Suffixes of encoder class names in `architectures`. */
const encoderClass = /For(MaskedLM|SequenceClassification|TokenClassification|QuestionAnswering)$/;

/** The kind that a source declares: in its config, or in its list of modules if the config is in a subfolder. */
export async function modelKind(source: FileSource): Promise<ModelKind> {
  if (source.gguf !== undefined) return { type: undefined, kind: "decoder" };
  if (!(await source.has("config.json"))) {
    return { type: undefined, kind: (await source.has("modules.json")) ? "encoder" : "decoder" };
  }
  const raw = await readJson(source, "config.json", { infinity: true });
  const config = (typeof raw === "object" && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  const { is_encoder_decoder: both, model_type: given, architectures } = config;
  const type = typeof given === "string" ? given : undefined;
  const isOf = (types: readonly string[]) => types.some((one) => one === type);
  if (both === true || isOf(encoderDecoderTypes)) return { type, kind: "encoder-decoder" };
  const names: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const isEncoder = isOf(encoderTypes) || names.some((name) => encoderClass.test(String(name)));
  return { type, kind: isEncoder ? "encoder" : "decoder" };
}

/**
 * The values of `model_type` that `loadEncoder` accepts, to recognise an encoder's folder without the code that reads
 * encoders.
 */
export const encoderTypes: readonly string[] =
  "bert roberta xlm-roberta camembert distilbert mpnet modernbert new use-lite".split(" ");

/**
 * The values of `model_type` that `loadEncoderDecoder` accepts, to recognise an encoder-decoder's folder without the
 * code that reads them.
 */
export const encoderDecoderTypes: readonly string[] = "t5 mt5 bart marian transformer-2017".split(" ");

/**
 * The names of supported models, as in `architectures` of a `config.json`. The code that reads a model's folder is
 * loaded with the first model, so that a page starts without it.
 */
export async function architectures(): Promise<readonly string[]> {
  return (await import("./decoders/architectures.ts")).architectures;
}
