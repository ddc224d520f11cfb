import { openModel as openSource } from "../formats/hub.ts";
import { readJson } from "../formats/read-text.ts";
import { encoderDecoderTypes } from "../models/seq2seq/model-types.ts";
import { loadEncoderDecoder } from "../seq2seq/load-encoder-decoder.ts";
import type { SequenceOptions } from "../seq2seq/options.ts";
import type { SequenceResult } from "../seq2seq/results.ts";
import { TextError } from "../text/text-error.ts";
import { type BeamFlags, beamOptions } from "./beam-options.ts";
import { makeInterrupt } from "./interrupt.ts";
import type { ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { onReaderGone, print, printJson, say } from "./output.ts";
import { type Report, withPhases } from "./progress.ts";
import { storedJson, storedText } from "./stored-weights.ts";
import { fill, lineColumns } from "./terminal.ts";
import { createTextFlow } from "./text-flow.ts";
import { measured, milliseconds } from "./units.ts";

/** The flags of `generate` that an encoder-decoder has. */
export interface SequenceFlags
  extends ModelFlags,
    BeamFlags,
    Omit<SequenceOptions, "signal" | "onToken" | "seed" | "noRepeatNgram" | keyof BeamFlags> {
  readonly seed?: number;
}

/** Flags of `generate` that only language models have, by the names of their values. */
const ofLanguageModels: Readonly<Record<string, string>> = {
  ...{ context: "--context", weights: "--weights", cacheDtype: "--cache-dtype", cacheLayout: "--cache-layout" },
  ...{ minP: "--min-p", presencePenalty: "--presence-penalty", frequencyPenalty: "--frequency-penalty" },
  ...{ ignoreEos: "--ignore-eos", stop: "--stop", guard: "--guard", chat: "--chat", logprobs: "--logprobs" },
  ...{ lookup: "--lookup", draftModel: "--draft-model", draftMax: "--draft-max" },
};

/** True where a folder's `config.json` is an encoder-decoder's, built or not: what loads it says which are. */
export async function isEncoderDecoder(model: string): Promise<boolean> {
  const source = await openSource(model, { onWarning: () => undefined });
  if (source.gguf !== undefined || !(await source.has("config.json"))) return false;
  const raw = await readJson(source, "config.json");
  if (typeof raw !== "object" || raw === null) return false;
  const { is_encoder_decoder: both, model_type: type } = raw as Readonly<Record<string, unknown>>;
  return both === true || encoderDecoderTypes.some((known) => known === type);
}

/** `shaderformer generate` with an encoder-decoder: writes a text from a text. */
export async function generateSequence(text: string | undefined, flags: SequenceFlags): Promise<void> {
  const { model: name, json = false, dtype, verify } = flags;
  for (const [key, flag] of Object.entries(ofLanguageModels)) {
    if ((flags as unknown as Readonly<Record<string, unknown>>)[key] === undefined) continue;
    throw new TextError(`${flag} is for language models, and ${name} is an encoder-decoder; leave it out`);
  }
  if (text === undefined) throw new TextError(`${name} needs a text: shaderformer generate "a text" --model ${name}`);
  const warnings: string[] = [];
  const onWarning = (warning: string) => void warnings.push(warning); // shown when the progress bar is gone
  let downloading: Report = () => {};
  const source = await openSource(name, {
    onWarning,
    onProgress: ({ phase, done, total }) => phase === "download" && downloading(done, total),
  });
  const gpu = await openDevice(flags);
  const start = performance.now();
  try {
    using model = await withPhases(["download ", "loading  "], json, ([download = () => {}, onProgress]) => {
      downloading = download;
      return loadEncoderDecoder(gpu, source, { dtype, verify, onProgress, onWarning });
    });
    const load = performance.now() - start;
    for (const warning of warnings) say(`warning: ${warning}`);
    using interrupt = makeInterrupt();
    const reader = new AbortController();
    onReaderGone(() => reader.abort());
    await interrupt.watch();
    const flow = process.stdout.isTTY ? createTextFlow(() => lineColumns(process.stdout)) : (piece: string) => piece;
    let printed: Promise<void> = Promise.resolve();
    const ids: number[] = [];
    const pieces: string[] = [];
    const signal = AbortSignal.any([interrupt.signal, reader.signal]);
    const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32); // known whatever ends it
    const options: SequenceOptions = {
      ...sequenceOptions(flags),
      seed,
      signal,
      onToken({ token, text: piece }) {
        if (token !== undefined) ids.push(token);
        pieces.push(piece);
        if (!json) printed = printed.then(() => print(flow(piece)));
      },
    };
    const begun = performance.now();
    const { results, seeds, timings } = await model.generate(text, options).catch((error: unknown) => {
      if (!signal.aborted || error !== signal.reason) throw error;
      const sourceIds = model.sourceTokenizer.encode(text);
      const far: SequenceResult = { text: pieces.join(""), ids, sourceIds, stopReason: "abort" };
      const times = { encode: 0, decode: performance.now() - begun, tokensPerSecond: 0 };
      return { results: [far], seeds: [seed], timings: times };
    });
    await printed;
    const [result] = results;
    if (!result) return;
    const stored = { stored: model.stored, bytes: model.bytes };
    if (json) {
      const { encode, decode, tokensPerSecond } = timings;
      const times = { load, encode, decode, tokensPerSecond };
      return await printJson({
        model: model.name,
        adapter: gpu.adapter.label,
        weights: storedJson(stored),
        promptTokens: result.sourceIds,
        tokens: result.ids,
        text: result.text,
        stopReason: result.stopReason,
        ...(result.score === undefined ? {} : { score: result.score }),
        seed: seeds[0],
        timings: Object.fromEntries(Object.entries(times).map(([key, time]) => [key, milliseconds(time)])),
      });
    }
    await print(process.stdout.isTTY && process.stderr.isTTY ? "\n\n" : "\n");
    const speed = timings.tokensPerSecond > 0 ? `, ${measured(timings.tokensPerSecond)}/s` : "";
    const items = [
      gpu.adapter.label,
      storedText(stored),
      `encode ${tokens(result.sourceIds.length)}`,
      `decode ${tokens(result.ids.length)}${speed}`,
      ...(result.score === undefined ? [] : [`score ${result.score.toPrecision(4)}`]),
      `ended: ${result.stopReason}`,
      `seed ${seeds[0]}`,
    ];
    if (!reader.signal.aborted) say(fill(items, " · ", lineColumns()));
  } finally {
    gpu.close();
  }
}

const tokens = (count: number) => `${count} ${count === 1 ? "token" : "tokens"}`;

/** The options of these flags. */
function sequenceOptions(flags: SequenceFlags): SequenceOptions {
  const { maxTokens, temperature, topK, topP, repetitionPenalty } = flags;
  return { maxTokens, temperature, topK, topP, repetitionPenalty, ...beamOptions(flags) };
}
