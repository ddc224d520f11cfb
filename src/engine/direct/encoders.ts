import type { FileSource } from "../../formats/source.ts";
import type { LoadPlan, PlanLoadOptions } from "../../generate/load/plan-load.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ModelKind } from "../../models/model-kind.ts";
import { callback, checkValue } from "../../options/checks.ts";
import type { Reporter } from "../core.ts";
import type { Vectors } from "../encoders/embeddings.ts";
import type { MethodCall } from "../methods.ts";
import type { Prompt } from "../openai/inputs.ts";
import type { ChatCompletionRequest, CompletionRequest, EmbeddingRequest } from "../openai/types.ts";
import { RequestError } from "../request-error.ts";
import type { EncoderEntry, LoadedModels, LoadRequest, ReadyEncoder, SequenceEntry } from "./loaded.ts";
import type { Report } from "./progress.ts";
import type { TurnLimits } from "./turns.ts";

/** Kinds of models whose support an engine is given separately. */
export type OtherKind = Exclude<ModelKind["kind"], "decoder">;

type Signal = AbortSignal | undefined;

/** Options only for language models; encoder-decoders also have the last one. */
export type DecoderOptions = {
  readonly [K in "context" | "cache" | "weights" | "speculative" | "chatTemplate"]?: unknown;
};

/** An engine's support for encoders and encoder-decoders: `encodersForEngines` of `shaderformer/encoders`. */
export interface EncoderSupport {
  /** Loads one, and runs it on a word, so that programs and memory of the first request are ready. */
  load(
    gpu: Gpu,
    source: FileSource,
    kind: OtherKind,
    request: LoadRequest,
    report: Report,
    given: { readonly signal: Signal; readonly onWarning: (text: string) => void; readonly limits: TurnLimits },
  ): Promise<ReadyEncoder>;
  /** Its requirements on a device. */
  plan(
    source: FileSource,
    kind: OtherKind,
    options: DecoderOptions & Pick<PlanLoadOptions, "dtype" | "limits" | "signal">,
  ): Promise<LoadPlan>;
  /** Calls a method of an encoder. */
  callEncoder(
    models: LoadedModels,
    call: MethodCall,
    signal: Signal,
    report: Reporter<"encoder"> | undefined,
  ): Promise<unknown>;
  /** Calls a method of an encoder-decoder. */
  callSequence(
    models: LoadedModels,
    call: MethodCall,
    signal: Signal,
    report: Reporter<"encoderDecoder"> | undefined,
  ): Promise<unknown>;
  /** Vectors of texts by an encoder. */
  vectors(entry: EncoderEntry, request: EmbeddingRequest, signal: Signal): Promise<Vectors>;
  /** The sources of a request for completions, and that of a conversation. */
  sources(entry: SequenceEntry, request: CompletionRequest, signal: Signal): Promise<Prompt[]>;
  sourceOfChat(
    entry: SequenceEntry,
    tokens: readonly number[],
    request: ChatCompletionRequest,
    signal: Signal,
  ): Prompt["begin"];
}

/** Imports the support for encoders and encoder-decoders. */
export type EncodersImport = () => Promise<{ readonly encodersForEngines: EncoderSupport }>;

let own: EncodersImport | undefined;

/**
 * Lets engines of this thread load encoders and encoder-decoders: `setEncoders(() => import("shaderformer/encoders"))`,
 * in the script that the engine runs in. The import is called with the first such model; without it an engine refuses
 * their folders. So pages without them do not include the code. `shaderformer/worker` and the command `serve` do this.
 */
export function setEncoders(load: EncodersImport): void {
  checkValue("setEncoders", "load", callback, load);
  own = load;
}

/** The support for encoders and encoder-decoders. Throws `RequestError` for `what` if it is not set. */
export async function encoderSupport(what: string): Promise<EncoderSupport> {
  if (own) return (await own()).encodersForEngines;
  const problem = `${what}: setEncoders(() => import("shaderformer/encoders")) comes first`;
  throw new RequestError(problem, { status: 501, code: "unsupported_model" });
}
