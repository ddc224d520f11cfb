import { assertRouted, notFiniteError } from "../../models/decoders/decoder.ts";
import { between, boolean, checkOptions, fieldsOf, having, integer, oneOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { placed, type Tensor } from "../../tensor/tensor.ts";
import type { SequenceState } from "../session/sequence-state.ts";

/** How a text is converted to one vector. */
export interface EmbedOptions {
  /**
   * Which states of the last layer: `last`, the last token's (default; Qwen3-Embedding, E5-Mistral), or `mean`, the
   * mean over all tokens.
   */
  readonly pooling?: "last" | "mean" | undefined;
  /** True (default) divides by the length of the vector, so that inner products are cosines. */
  readonly normalize?: boolean | undefined;
  /** Keep this many elements, the first (Kusupati et al. 2022); default all. */
  readonly dimensions?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const fields = fieldsOf<EmbedOptions>({
  pooling: oneOf("last", "mean"),
  normalize: boolean,
  dimensions: integer(1),
  signal: having("aborted", "an AbortSignal"),
});

/** Throws `OptionError` for options of `embed` that are not valid for states of `width` elements. */
export function checkEmbed(options: EmbedOptions, width: number): void {
  checkOptions("embed", fields, options);
  const { dimensions = 1 } = options;
  const expected = between(1, width)(dimensions);
  if (expected) throw new OptionError(`embed: dimensions is ${dimensions}, expected an integer from 1 to ${width}`);
}

/** The pooled states of `ids`. Overwrites row 0 of the state. Throws `GpuError` if they are not finite. */
export async function embed(
  state: SequenceState,
  ids: readonly number[],
  { pooling = "last", normalize = true, dimensions, signal }: EmbedOptions,
): Promise<Float32Array<ArrayBuffer>> {
  using _use = state.use();
  const { decoder } = state.programs;
  const { width } = decoder.config;
  let pooled = new Float64Array(width);
  for (let at = 0; at < ids.length; ) {
    signal?.throwIfAborted();
    const t = state.chunkOf(ids.length - at);
    await state.chunk(ids.slice(at, at + t), at, { which: "states" }, async (instance, { program }) => {
      instance.run();
      const states = await placed(instance, (program.result as { states: Tensor }).states).read();
      if (pooling === "last") pooled = states.slice(-width);
      else for (const [i, value] of states.entries()) pooled[i % width] = (pooled[i % width] ?? 0) + value / ids.length;
    });
    at += t;
  }
  await assertRouted(decoder);
  if (!pooled.every(Number.isFinite)) throw await notFiniteError(decoder, `the states of ${ids.length} tokens`);
  const kept = pooled.subarray(0, dimensions ?? width);
  const length = normalize ? Math.sqrt(kept.reduce((sum, value) => sum + value * value, 0)) : 1;
  return Float32Array.from(kept, (value) => (length > 0 ? value / length : 0));
}
