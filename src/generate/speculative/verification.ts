import { placeholderCache } from "../../blocks/kv-cache/cache.ts";
import { acceptDrafts, tokenWeights } from "../../kernels/sampling/accept-drafts.ts";
import { maxBatch } from "../../kernels/step.ts";
import { forward, logits } from "../../models/decoder.ts";
import { placeholder } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { type DecoderPrograms, keyOf, type Recorded, type Sampled, type SamplingKind } from "../programs.ts";

/** How tokens are verified. */
export interface VerificationKind extends SamplingKind {
  /** True where drafts were drawn: they are kept by min(1, p / q). Else by being what a decode step would choose. */
  readonly drawn: boolean;
}

/**
 * One step of one sequence over `tokens` tokens, and for each the token that comes next: each has a row of `step` and of what
 * sampling reads. It is bitwise the token that a decode step would choose, unless drafts are drawn and there is one.
 */
export function verification(
  programs: DecoderPrograms,
  tokens: number,
  visible: number,
  kind: VerificationKind,
): Recorded<Sampled> {
  return programs.once(`verify ${tokens} ${visible} ${keyOf(kind)} ${kind.drawn}`, () => {
    const { decoder, ropeTables } = programs;
    const { gpu, config } = decoder;
    const { vocabulary } = config;
    const cache = placeholderCache(gpu, programs.cacheShape(1), { visible, readers: tokens });
    const ids = placeholder(gpu, [1, tokens], "u32", "token ids");
    const whole = placeholder(gpu, [maxBatch, 4], "u32", "step of all tokens");
    const inputs = programs.samplingInputs(tokens, kind);
    const { step, settings } = inputs;
    const { peaks, watch } = programs.guarded(kind.guard);
    const proposed = kind.drawn && {
      drafts: placeholder(gpu, [tokens], "u32", "drafts"),
      draftWeights: placeholder(gpu, [tokens, vocabulary], "u32", "weights of drafts"),
    };
    const program = gpu.record(() => {
      const place = { step: whole, apart: step };
      const stream = forward(decoder, { ids, batch: 1, cache, ropeTables, place, visible, watch });
      const raw = reshape(logits(decoder, stream, "all"), [tokens, vocabulary]);
      if (!proposed) return programs.choose(raw, inputs, kind);
      const changed = programs.changed(raw, inputs);
      const { weights } = tokenWeights(gpu, { logits: changed, settings }, { restricted: !!kind.restricted });
      return programs.reported(raw, acceptDrafts(gpu, { ...proposed, weights, step }).chosen, kind);
    });
    return { program, ids, cache, visible, whole, peaks, ...inputs, ...(proposed || {}) };
  });
}
