import type { Progress } from "../../formats/load-progress.ts";
import type { EncoderSupport } from "../direct/encoders.ts";
import { entryFor, isEncoder, isSequence } from "../direct/loaded.ts";
import type { Turns } from "../direct/turns.ts";
import { type MethodCall, methods } from "../methods.ts";
import { checkMethod } from "../request-error.ts";

// The methods of encoders and encoder-decoders, by the calls of `methods` in ../methods.ts.

/** Calls a method of a model with a message's arguments, and with options that cannot be sent. */
function applied(model: object, { method, given, options = {} }: MethodCall, count: number, own: object) {
  const all = typeof options === "object" && options !== null ? { ...own, ...options } : options;
  const first = Array.from({ length: count }, (_, i) => given[i]);
  return Reflect.apply(Reflect.get(model, method), model, [...first, all]) as Promise<unknown>;
}

/** For calls without a seed: after a device loss a call is restarted and must give the same text. */
const seeds = new WeakMap<MethodCall, number>();

export const callEncoder: EncoderSupport["callEncoder"] = async (models, call, signal, report) => {
  const { encoder } = entryFor(models, call.model, isEncoder);
  checkMethod(methods.encoder, call.method);
  const onProgress = (progress: Progress) => report?.([progress.done, progress]);
  return await applied(encoder, call, methods.encoder[call.method as keyof typeof methods.encoder], {
    signal,
    ...(call.reports && { onProgress }),
  });
};

export const callSequence: EncoderSupport["callSequence"] = async (models, call, signal, report) => {
  const { sequence, turns } = entryFor(models, call.model, isSequence);
  checkMethod(methods.encoderDecoder, call.method);
  let before = 0;
  const onToken = (piece: unknown) => report?.([before++, piece]);
  const method = call.method as keyof typeof methods.encoderDecoder;
  const own = { signal, ...(call.reports && { onToken }) };
  if (method !== "generate") return await applied(sequence, call, methods.encoderDecoder[method], own);
  const seed = seeds.get(call) ?? Math.floor(Math.random() * 2 ** 32);
  seeds.set(call, seed);
  return await inTurn(turns, signal, () => applied(sequence, call, methods.encoderDecoder.generate, { seed, ...own }));
};

/** Does `work` in a turn; throws the reason of `signal` if it aborts before. */
export async function inTurn<T>(turns: Turns, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (!(await turns.enter(signal))) throw signal?.reason;
  try {
    return await work();
  } finally {
    turns.leave();
  }
}
