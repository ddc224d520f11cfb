// Loaded encoders and encoder-decoders, as the users of an engine see them.
import type { EmbeddedText, EmbedInput, EmbedOptions } from "../encode/embed-texts.ts";
import { callback, checkValue, having, iterable } from "../options/checks.ts";
import type { Core } from "./core.ts";
import { callbacks, type EngineEncoder, type EngineEncoderDecoder, type MethodReport, methods } from "./methods.ts";

/** The methods of a model of this kind, whose calls `core` answers. */
function client(core: Core, kind: keyof typeof methods, model: string | undefined): object {
  const call = ([name, count]: [string, number]) => {
    const run = async (...all: readonly unknown[]) => {
      const last = all[count];
      const { [callbacks[kind]]: listener, signal, ...rest } = Object(last);
      if (signal !== undefined) checkValue(name, "signal", having("aborted", "an AbortSignal"), signal);
      if (listener !== undefined) checkValue(name, callbacks[kind], callback, listener);
      // After the loss of a device, what was reported before comes again.
      let reported = -1;
      const report = ([before, ...values]: MethodReport) => {
        if (before > reported) listener(...values);
        reported = Math.max(before, reported);
      };
      const options = last instanceof Object ? rest : last;
      const given = all.slice(0, count);
      return await core.call(kind, { model, method: name, given, options, reports: !!listener }, signal, report);
    };
    return [name, run] as const;
  };
  return Object.fromEntries(Object.entries<number>(methods[kind]).map(call));
}

/** Texts that are sent together. */
const together = 64;

/** An encoder that `core` has. */
export function encoderOf(core: Core, model: string | undefined): EngineEncoder {
  const own = client(core, "encoder", model) as Omit<EngineEncoder, "embedStream">;
  async function* vectors(texts: Iterable<EmbedInput> | AsyncIterable<EmbedInput>, options: EmbedOptions) {
    for await (const batch of batches(texts)) {
      const { embeddings, tokens } = await own.embed(batch, options);
      for (const [i, embedding] of embeddings.entries()) {
        yield { embedding, tokens: tokens[i] ?? 0 } satisfies EmbeddedText;
      }
    }
  }
  return {
    ...own,
    embedStream(texts, options = {}) {
      checkValue("embedStream", "texts", iterable("texts"), texts);
      return vectors(texts, options);
    },
  };
}

/** An encoder-decoder that `core` has. */
export const encoderDecoderOf = (core: Core, model: string | undefined): EngineEncoderDecoder =>
  client(core, "encoderDecoder", model) as EngineEncoderDecoder;

async function* batches<T>(all: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T[], void, undefined> {
  let batch: T[] = [];
  for await (const one of all) {
    batch.push(one);
    if (batch.length < together) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
