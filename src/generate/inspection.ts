import { assertRouted, notFiniteError } from "../models/decoder.ts";
import { placed, type Tensor } from "../tensor/tensor.ts";
import { firstChunk, largestChunk } from "./chunks.ts";
import { type Fault, firstFault } from "./probe.ts";
import type { SequenceState } from "./sequence-state.ts";

/** What a prefill returns and what it taps, chunk by chunk. */
export interface Inspected {
  /** Of the last position, or of each. */
  readonly logits: Float64Array[];
  readonly taps: ReadonlyMap<string, readonly { readonly shape: readonly number[]; readonly values: Float64Array }[]>;
}

/** Tokens of which one binding holds the logits. */
const byLogits = ({ gpu, programs }: SequenceState): number =>
  Math.max(1, Math.floor(gpu.limits.binding / (4 * programs.decoder.config.vocabulary)));

/**
 * Log-probability (natural logarithm) of each of `ids` but the first, given those before it. Overwrites row 0 from its
 * beginning, as the others here do. Throws `GpuError` where one is not a number.
 */
export async function score(state: SequenceState, ids: readonly number[]): Promise<Float64Array> {
  using _use = state.use();
  const { decoder } = state.programs;
  await state.programs.loadKernels({ logprobs: 1, penalties: false });
  const out = new Float64Array(Math.max(0, ids.length - 1));
  for (let at = 0; at < ids.length - 1; ) {
    const t = state.chunkOf(ids.length - 1 - at, Math.min(largestChunk, byLogits(state)));
    const targets = ids.slice(at + 1, at + 1 + t);
    const scores = await state.chunk(
      ids.slice(at, at + t),
      at,
      { which: "score", targets },
      (instance, { program }) => {
        instance.run();
        return placed(instance, (program.result as { logprobs: Tensor }).logprobs).read();
      },
    );
    out.set(scores, at);
    at += t;
  }
  await assertRouted(decoder);
  const wrong = out.findIndex(Number.isNaN);
  if (wrong >= 0) throw await notFiniteError(decoder, `the logits after ${wrong + 1} tokens`);
  return out;
}

/** The first result of a prefill of `ids` that is not finite. */
export async function probe(state: SequenceState, ids: readonly number[]): Promise<Fault | undefined> {
  using _use = state.use();
  for (let at = 0; at < ids.length; ) {
    const t = state.chunkOf(ids.length - at);
    const fault = await state.chunk(ids.slice(at, at + t), at, {}, firstFault);
    if (fault) return fault;
    at += t;
  }
  return undefined;
}

/** Which tensors to keep, by name, and what ends the computation. */
export interface InspectOptions {
  readonly taps?: ((name: string) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Logits of the last position, or of every position, of `ids` from the beginning, with what is tapped. */
export async function inspect(
  state: SequenceState,
  ids: readonly number[],
  which: "last" | "all",
  { taps, signal }: InspectOptions = {},
): Promise<Inspected> {
  using _use = state.use();
  const { vocabulary } = state.programs.decoder.config;
  const rows: Float64Array[] = [];
  const tapped = new Map<string, { shape: readonly number[]; values: Float64Array }[]>();
  for (let at = 0; at < ids.length; ) {
    signal?.throwIfAborted();
    const t = state.chunkOf(ids.length - at, which === "all" ? Math.min(firstChunk, byLogits(state)) : firstChunk);
    await state.chunk(ids.slice(at, at + t), at, { which, taps }, async (instance, { program }) => {
      instance.run();
      const values = await placed(instance, (program.result as { logits: Tensor }).logits).read();
      const all = Array.from({ length: values.length / vocabulary }, (_, i) =>
        values.subarray(i * vocabulary, (i + 1) * vocabulary),
      );
      if (which === "all") rows.push(...all);
      else rows.splice(0, 1, ...all);
      for (const [name, holder] of program.taps) {
        const tensor = placed(instance, holder as Tensor);
        tapped.set(name, [...(tapped.get(name) ?? []), { shape: tensor.shape, values: await tensor.read() }]);
      }
    });
    at += t;
  }
  return { logits: rows, taps: tapped };
}
