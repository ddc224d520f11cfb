import { type ResolvedOptions, samplingKind } from "../options.ts";
import type { Row } from "../row.ts";
import type { SequenceState } from "../sequence-state.ts";
import { draftModel, warmDraft, weightsOf } from "./draft-model.ts";
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
  using verifier = new Verifier(state, samplingKind(resolved), tokens, draft && weightsOf(draft, resolved));
  await verifier.warm(length, state.signal);
  if (draft) await warmDraft(draft, resolved, length);
}

/** What proposes tokens after those of `row`; `draft` is the memory of the draft model, where there is one. */
export async function openDrafter(
  { options, tokens }: Speculation,
  resolved: ResolvedOptions,
  draft: DraftSequence | undefined,
  row: Row,
  stop: AbortSignal,
): Promise<Drafter> {
  if (options.kind === "prompt-lookup") return promptLookup(options, tokens);
  if (!draft) throw new TypeError("a draft model needs memory to compute in");
  return await draftModel(draft, resolved, row, stop);
}
