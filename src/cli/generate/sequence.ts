import type { SequenceOptions } from "../../seq2seq/options.ts";
import type { SequenceResult } from "../../seq2seq/results.ts";
import { TextError } from "../../text/text-error.ts";
import { makeInterrupt } from "../interrupt.ts";
import type { ModelFlags } from "../model/model-options.ts";
import { openEncoderDecoder } from "../model/open-encoder-decoder.ts";
import { storedJson, storedText } from "../model/stored-weights.ts";
import { onReaderGone, print, printJson, say } from "../output.ts";
import { fill, lineColumns } from "../terminal.ts";
import { measured, milliseconds } from "../units.ts";
import { type BeamFlags, beamOptions } from "./beam-options.ts";
import { createTextFlow } from "./text-flow.ts";

/** The flags of `generate` for an encoder-decoder. */
interface SequenceFlags
  extends ModelFlags,
    BeamFlags,
    Omit<SequenceOptions, "signal" | "onToken" | "seed" | "noRepeatNgram" | keyof BeamFlags> {
  readonly seed?: number;
}

/** `shaderformer generate` with an encoder-decoder: writes a text from a text. */
export async function generateSequence(text: string | undefined, flags: SequenceFlags): Promise<void> {
  const { model: name, json = false } = flags;
  if (text === undefined) throw new TextError(`${name} needs a text: shaderformer generate "a text" --model ${name}`);
  using opened = await openEncoderDecoder(flags);
  const { model, gpu, load } = opened;
  using interrupt = makeInterrupt();
  const reader = new AbortController();
  onReaderGone(() => reader.abort());
  await interrupt.watch();
  const flow = process.stdout.isTTY ? createTextFlow(() => lineColumns(process.stdout)) : (piece: string) => piece;
  let printed: Promise<void> = Promise.resolve();
  const ids: number[] = [];
  const pieces: string[] = [];
  const signal = AbortSignal.any([interrupt.signal, reader.signal]);
  const seed = flags.seed ?? Math.floor(Math.random() * 2 ** 32); // known however it ends
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
}

const tokens = (count: number) => `${count} ${count === 1 ? "token" : "tokens"}`;

/** The options of these flags. */
function sequenceOptions(flags: SequenceFlags): SequenceOptions {
  const { maxTokens, temperature, topK, topP, repetitionPenalty, stop } = flags;
  return { maxTokens, temperature, topK, topP, repetitionPenalty, stop, ...beamOptions(flags) };
}
