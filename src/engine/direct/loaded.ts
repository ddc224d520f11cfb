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

/** The models of an engine by id, the one loaded last at the end; undefined for one that is being loaded. */
export type LoadedModels = Map<string, LoadedEntry | undefined>;

/** The model that a request names, or the one that was loaded last. */
export function entryOf(models: LoadedModels, id: string | undefined): LoadedEntry {
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
export function infoOf({ id, model, draft, tuned, created }: LoadedEntry): ModelInfo {
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
