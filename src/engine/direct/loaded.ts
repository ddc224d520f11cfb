import type { Encoder } from "../../encode/encoder.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import type { DraftModel } from "../../generate/speculative/options.ts";
import type { EncoderDecoder } from "../../seq2seq/encoder-decoder.ts";
import type { EngineLoadOptions, ModelInfo, ModelSource } from "../engine.ts";
import type { KeptDevice } from "../recovery.ts";
import { RequestError } from "../request-error.ts";
import type { Sessions } from "./sessions.ts";
import type { Turns } from "./turns.ts";

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
  /** Of an adapter: how its model proposes by its draft model, which has no adapter. */
  lent?: DraftModel | undefined;
  sessions: Sessions;
  /** Stored measurements of the device that it was loaded with. */
  tuned: number;
  /** In seconds since 1970. */
  readonly created: number;
}

interface OtherEntry extends Omit<LoadedEntry, "model" | "draft" | "sessions"> {
  /** What others may know of it. */
  info: OtherInfo;
}

/** A loaded encoder. */
export interface EncoderEntry extends OtherEntry {
  /** On the device that there is; another one once that was lost. */
  encoder: Encoder;
}

/** A loaded encoder-decoder. */
export interface SequenceEntry extends OtherEntry {
  /** On the device that there is; another one once that was lost. */
  sequence: EncoderDecoder;
  /** Of its generations. */
  turns: Turns;
}

/** What others may know of an encoder or an encoder-decoder, apart from its entry. */
export type OtherInfo = Omit<ModelInfo, "id" | "tuned" | "created">;

/** What of an encoder or an encoder-decoder is another once its device was lost. */
export type ReadyEncoder = Pick<EncoderEntry, "encoder" | "info"> | Pick<SequenceEntry, "sequence" | "turns" | "info">;

/** What an engine may have loaded. */
export type AnyEntry = LoadedEntry | EncoderEntry | SequenceEntry;

/** True for a language model. */
export const isDecoder = (entry: AnyEntry): entry is LoadedEntry => "model" in entry;

/** True for an encoder. */
export const isEncoder = (entry: AnyEntry): entry is EncoderEntry => "encoder" in entry;

/** True for an encoder-decoder. */
export const isSequence = (entry: AnyEntry): entry is SequenceEntry => "sequence" in entry;

/** A model that may answer conversations. */
export type ChatEntry = LoadedEntry | SequenceEntry;

/** True for what may answer conversations: a language model, or an encoder-decoder with a chat template. */
export const answersChat = (entry: AnyEntry): entry is ChatEntry =>
  isDecoder(entry) || (isSequence(entry) && entry.sequence.chatTemplate !== undefined);

/** What of an entry is on a device. */
type OnDevice = Pick<LoadedEntry, "model" | "draft"> | Pick<EncoderEntry, "encoder"> | Pick<SequenceEntry, "sequence">;

/** Ends what a model, and its draft model, compute, and frees their memory. */
export function disposeOf(entry: OnDevice): void {
  if ("encoder" in entry) entry.encoder.dispose();
  else if ("sequence" in entry) entry.sequence.dispose();
  else {
    entry.model.dispose();
    entry.draft?.dispose();
  }
}

/** The models of an engine by id, the one loaded last at the end; undefined for one that is being loaded. */
export type LoadedModels = Map<string, AnyEntry | undefined>;

/** What takes models of each kind. */
const takers = {
  decoder: "a language model: completions and generate take it",
  encoder: "an encoder: embeddings and encoder() take it",
  sequence: "an encoder-decoder: completions and encoderDecoder() take it, with a chat template chat.completions",
};

/**
 * The model that a request names, or the last one loaded of those that `fits` takes. Throws `RequestError` for another
 * one, which says what takes it.
 */
export function entryFor<E extends AnyEntry>(
  models: LoadedModels,
  id: string | undefined,
  fits: (entry: AnyEntry) => entry is E,
): E {
  const ready = [...models.values()].filter((entry) => entry !== undefined);
  // An adapter has to be named.
  const usual = ready.findLast((one) => fits(one) && one.request.base === undefined);
  const entry = id === undefined ? (usual ?? ready.at(-1)) : models.get(id);
  if (!entry) {
    const names = ready.map((one) => one.id).join(", ");
    const there = names ? `there are ${names}` : "none is";
    const problem = id === undefined ? "no model is loaded" : `the model ${JSON.stringify(id)} is not loaded; ${there}`;
    throw new RequestError(problem, { status: 404, code: "model_not_found", param: "model" });
  }
  if (fits(entry)) return entry;
  const kind = isEncoder(entry) ? "encoder" : isDecoder(entry) ? "decoder" : "sequence";
  throw new RequestError(`the model ${JSON.stringify(entry.id)} is ${takers[kind]}`, {
    code: "unsupported_model",
    param: "model",
  });
}

/** The language model that a request names, or the one that was loaded last. */
export const entryOf = (models: LoadedModels, id: string | undefined): LoadedEntry => entryFor(models, id, isDecoder);

const isLoaded = (entry: AnyEntry | undefined): entry is AnyEntry => entry !== undefined;

/** The model that a request names, or the one that was loaded last, whatever it is. */
export const anyEntryOf = (models: LoadedModels, id: string | undefined): AnyEntry => entryFor(models, id, isLoaded);

/** What others may know of a loaded model. */
export function infoOf(entry: AnyEntry): ModelInfo {
  if (isDecoder(entry)) return decoderInfo(entry);
  const { id, tuned, created, info } = entry;
  return { id, tuned, created, ...info };
}

/** Settings that are numbers. */
export const numbersOf = (settings: object): Record<string, number> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === "number"));

function decoderInfo({ id, model, draft, lent, tuned, created, request: { base } }: LoadedEntry): ModelInfo {
  const { name, context, chatTemplate, defaults, decoder, stored } = model;
  const proposes = draft ?? lent?.model;
  const { config, weights } = decoder;
  const { architecture, vocabulary, layers, heads, mixture } = config;
  return {
    id,
    name,
    architecture,
    context,
    vocabulary,
    layers,
    heads,
    tuned,
    created,
    kind: "decoder",
    longestContext: config.context,
    ...(proposes ? { draft: proposes.name } : {}),
    ...(base === undefined ? {} : { base }),
    ...(mixture ? { experts: { count: mixture.experts, k: mixture.rule.k } } : {}),
    chat: chatTemplate !== undefined,
    weightBytes: weights.bytes,
    ...stored,
    defaults: numbersOf(defaults.options),
  };
}
