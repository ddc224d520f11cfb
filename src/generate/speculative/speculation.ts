import { type ResolvedOptions, samplingKind } from "../options.ts";
import type { SequenceState } from "../sequence-state.ts";
import { draftKind, draftModel } from "./draft-model.ts";
import type { DraftSequence } from "./draft-sequence.ts";
import type { Drafter } from "./drafter.ts";
import { type PromptLookup, type Speculation, usualNgram } from "./options.ts";
import { lookUp } from "./prompt-lookup.ts";
import { Verifier } from "./verifier.ts";

/** Proposes what followed the last tokens before; that of a single token only while all that is proposed is kept. */
const promptLookup = ({ ngram = usualNgram }: PromptLookup, tokens: number): Drafter => ({
  draft: (known, most) => lookUp(known, most, ngram, most < tokens ? Math.min(2, ngram) : 1),
});

/** Compiles what proposing tokens after a prompt of this length needs. */
export async function warmSpeculation(
  state: SequenceState,
  { tokens }: Speculation,
  resolved: ResolvedOptions,
  draft: DraftSequence | undefined,
  length: number,
): Promise<void> {
  using verifier = new Verifier(state, samplingKind(resolved), tokens);
  await verifier.warm(length, state.signal);
  await draft?.state.warmPrefill(length);
  await draft?.state.bound("decode", length, draftKind(resolved), draft.state.signal);
}

/** What proposes tokens after `known`; `draft` is the memory of the draft model, where there is one. */
export async function openDrafter(
  { options, tokens }: Speculation,
  resolved: ResolvedOptions,
  draft: DraftSequence | undefined,
  known: readonly number[],
  stop: AbortSignal,
): Promise<Drafter> {
  if (options.kind === "prompt-lookup") return promptLookup(options, tokens);
  if (!draft) throw new TypeError("a draft model needs memory to compute in");
  return await draftModel(draft, resolved, known, stop);
}
