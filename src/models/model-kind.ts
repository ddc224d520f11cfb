import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { encoderTypes } from "./encoders/model-types.ts";
import { encoderDecoderTypes } from "./seq2seq/model-types.ts";

/** What a source says it holds, whether or not that is built: what loads a kind says which of it are. */
export interface ModelKind {
  /** `model_type` of its `config.json`; undefined for a GGUF file, and where there is none. */
  readonly type: string | undefined;
  readonly kind: "decoder" | "encoder" | "encoder-decoder";
}

/** Ends of the names of encoders' classes, in `architectures`. */
const encoderClass = /For(MaskedLM|SequenceClassification|TokenClassification|QuestionAnswering)$/;

/** What a source says it holds: by its config, or where that is in a folder of its own, by its list of modules. */
export async function modelKind(source: FileSource): Promise<ModelKind> {
  if (source.gguf !== undefined) return { type: undefined, kind: "decoder" };
  if (!(await source.has("config.json"))) {
    return { type: undefined, kind: (await source.has("modules.json")) ? "encoder" : "decoder" };
  }
  const raw = await readJson(source, "config.json");
  const config = (typeof raw === "object" && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  const { is_encoder_decoder: both, model_type: given, architectures } = config;
  const type = typeof given === "string" ? given : undefined;
  const isOf = (types: readonly string[]) => types.some((one) => one === type);
  if (both === true || isOf(encoderDecoderTypes)) return { type, kind: "encoder-decoder" };
  const names: readonly unknown[] = Array.isArray(architectures) ? architectures : [];
  const isEncoder = isOf(encoderTypes) || names.some((name) => encoderClass.test(String(name)));
  return { type, kind: isEncoder ? "encoder" : "decoder" };
}
