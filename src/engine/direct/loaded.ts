import type { Encoder } from "../../encode/encoder.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import type { DraftModel } from "../../generate/speculative/options.ts";
import type { EncoderDecoder } from "../../seq2seq/encoder-decoder.ts";
import type { KeptDevice } from "../device-recovery.ts";
import type { EngineLoadOptions, ModelInfo, ModelSource } from "../engine.ts";
import { RequestError } from "../request-error.ts";
import type { Sessions } from "./sessions.ts";
import type { Turns } from "./turns.ts";

/** The source and options of a load, for repeating it. */
export interface LoadRequest extends Omit<EngineLoadOptions, "signal" | "onProgress"> {
  readonly from: ModelSource;
}

/** A loaded model with its sessions. */
export interface LoadedEntry {
  readonly id: string;
  readonly request: LoadRequest;
  readonly device: KeptDevice;
  /** On the current device; replaced after a device loss. */
  model: LanguageModel;
  /** Its draft model, if one was loaded with it. */
  draft: LanguageModel | undefined;
  /** For an adapter: how its base model proposes tokens with the draft model, which has no adapter. */
  lent?: DraftModel | undefined;
  sessions: Sessions;
  /** Stored measurements of the device used in its load. */
  tuned: number;
  /** In seconds since 1970. */
  readonly created: number;
}

interface OtherEntry extends Omit<LoadedEntry, "model" | "draft" | "sessions"> {
  /** Its public description. */
  info: OtherInfo;
}

/** A loaded encoder. */
export interface EncoderEntry extends OtherEntry {
  /** On the current device; replaced after a device loss. */
  encoder: Encoder;
}

/** A loaded encoder-decoder. */
export interface SequenceEntry extends OtherEntry {
  /** On the current device; replaced after a device loss. */
  sequence: EncoderDecoder;
  /** Turns of its generations. */
  turns: Turns;
}

/** The public description of an encoder or an encoder-decoder, without its entry. */
export type OtherInfo = Omit<ModelInfo, "id" | "tuned" | "created">;

/** The parts of an encoder or an encoder-decoder that are replaced after a device loss. */
export type ReadyEncoder = Pick<EncoderEntry, "encoder" | "info"> | Pick<SequenceEntry, "sequence" | "turns" | "info">;

/** Any loaded model. */
export type AnyEntry = LoadedEntry | EncoderEntry | SequenceEntry;

/** True for a language model. */
export const isDecoder = (entry: AnyEntry): entry is LoadedEntry => "model" in entry;

/** True for an encoder. */
export const isEncoder = (entry: AnyEntry): entry is EncoderEntry => "encoder" in entry;

/** True for an encoder-decoder. */
export const isSequence = (entry: AnyEntry): entry is SequenceEntry => "sequence" in entry;

/** A model that can answer conversations. */
export type ChatEntry = LoadedEntry | SequenceEntry;

/** True for models that can answer conversations: a language model, or an encoder-decoder with a chat template. */
export const answersChat = (entry: AnyEntry): entry is ChatEntry =>
  isDecoder(entry) || (isSequence(entry) && entry.sequence.chatTemplate !== undefined);

/** The parts of an entry on a device. */
type OnDevice = Pick<LoadedEntry, "model" | "draft"> | Pick<EncoderEntry, "encoder"> | Pick<SequenceEntry, "sequence">;

/** Stops a model and its draft model, and frees their memory. */
export function disposeOf(entry: OnDevice): void {
  if ("encoder" in entry) entry.encoder.dispose();
  else if ("sequence" in entry) entry.sequence.dispose();
  else {
    entry.model.dispose();
    entry.draft?.dispose();
  }
}

/** The models of an engine by id, the one loaded last at the end; undefined while a model is loading. */
export type LoadedModels = Map<string, AnyEntry | undefined>;

/** Methods for models of each kind. */
const takers = {
  decoder: "a language model: completions and generate take it",
  encoder: "an encoder: embeddings and encoder() take it",
  sequence: "an encoder-decoder: completions and encoderDecoder() take it, with a chat template chat.completions",
};

/**
 * The model that a request names, or the last one loaded that `fits`. Throws `RequestError` for another kind, naming
 * its methods.
 */
export function entryFor<E extends AnyEntry>(
  models: LoadedModels,
  id: string | undefined,
  fits: (entry: AnyEntry) => entry is E,
): E {
  const ready = [...models.values()].filter((entry) => entry !== undefined);
  // An adapter must be named explicitly.
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

/** The model that a request names, or the one that was loaded last, of any kind. */
export const anyEntryOf = (models: LoadedModels, id: string | undefined): AnyEntry => entryFor(models, id, isLoaded);

/** The public description of a loaded model. */
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
