import type { Encoder } from "../../encode/encoder.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import type { EngineLoadOptions, ModelInfo, ModelSource } from "../engine.ts";
import type { KeptDevice } from "../recovery.ts";
import { RequestError } from "../request-error.ts";
import type { Sessions } from "./sessions.ts";

/** What a model was loaded from, and how: what loads it again. */
export interface LoadRequest extends Omit<EngineLoadOptions, "signal" | "onProgress"> {
  readonly from: ModelSource;
}

/** A loaded model with its sessions. */
export interface LoadedEntry {
  readonly id: string;
  readonly request: LoadRequest;
  readonly device: KeptDevice;
  /** On the device that there is; another one once that was lost. */
  model: LanguageModel;
  /** What proposes tokens for it, where that was loaded with it. */
  draft: LanguageModel | undefined;
  sessions: Sessions;
  /** Stored measurements of the device that it was loaded with. */
  tuned: number;
  /** In seconds since 1970. */
  readonly created: number;
}

/** A loaded encoder, which makes vectors alone. */
export interface EncoderEntry extends Omit<LoadedEntry, "model" | "draft" | "sessions"> {
  /** On the device that there is; another one once that was lost. */
  encoder: Encoder;
}

/** What an engine may have loaded. */
export type AnyEntry = LoadedEntry | EncoderEntry;

/** True for an encoder. */
export const isEncoder = (entry: AnyEntry): entry is EncoderEntry => "encoder" in entry;

/** Ends what a model, and its draft model, compute, and frees their memory. */
export function disposeOf(entry: Pick<LoadedEntry, "model" | "draft"> | Pick<EncoderEntry, "encoder">): void {
  if ("encoder" in entry) {
    entry.encoder.dispose();
    return;
  }
  entry.model.dispose();
  entry.draft?.dispose();
}

/** The models of an engine by id, the one loaded last at the end; undefined for one that is being loaded. */
export type LoadedModels = Map<string, AnyEntry | undefined>;

/** The language model that a request names, or the one that was loaded last. */
export function entryOf(models: LoadedModels, id: string | undefined): LoadedEntry {
  const others = [...models].filter(([, entry]) => !entry || !isEncoder(entry));
  const entry = anyEntryOf(id === undefined && others.some(([, one]) => one) ? new Map(others) : models, id);
  if (!isEncoder(entry)) return entry;
  throw new RequestError(`the model ${JSON.stringify(entry.id)} is an encoder, for embeddings alone`, {
    ...{ code: "unsupported_model", param: "model" },
  });
}

/** The model that a request names, or the one that was loaded last, whatever it is. */
export function anyEntryOf(models: LoadedModels, id: string | undefined): AnyEntry {
  const ready = [...models.values()].filter((entry) => entry !== undefined);
  const found = id === undefined ? ready.at(-1) : models.get(id);
  if (found) return found;
  if (id === undefined) {
    throw new RequestError("no model is loaded", { status: 404, code: "model_not_found", param: "model" });
  }
  const names = ready.map((entry) => entry.id).join(", ");
  throw new RequestError(`the model ${JSON.stringify(id)} is not loaded; ${names ? `there are ${names}` : "none is"}`, {
    ...{ status: 404, code: "model_not_found", param: "model" },
  });
}

/** What others may know of a loaded model. */
export const infoOf = (entry: AnyEntry): ModelInfo => (isEncoder(entry) ? encoderInfo(entry) : decoderInfo(entry));

function encoderInfo({ id, encoder, tuned, created }: EncoderEntry): ModelInfo {
  const { name, context, config, embedding, bytes: weightBytes, stored } = encoder;
  const { architecture, vocabulary, layers, heads } = config;
  return {
    ...{ id, name, architecture, context, vocabulary, layers, heads, tuned, created, weightBytes },
    ...{ longestContext: config.context, chat: false, defaults: {}, embedding },
    ...stored,
  };
}

function decoderInfo({ id, model, draft, tuned, created }: LoadedEntry): ModelInfo {
  const { name, context, chatTemplate, defaults, decoder, stored } = model;
  const { config, weights } = decoder;
  const { architecture, vocabulary, layers, heads, mixture } = config;
  const settings = Object.entries(defaults.options).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return {
    ...{ id, name, architecture, context, vocabulary, layers, heads, tuned, created },
    longestContext: config.context,
    ...(draft ? { draft: draft.name } : {}),
    ...(mixture ? { experts: { count: mixture.experts, k: mixture.rule.k } } : {}),
    chat: chatTemplate !== undefined,
    weightBytes: weights.bytes,
    ...stored,
    defaults: Object.fromEntries(settings),
  };
}
