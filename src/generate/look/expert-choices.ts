import { assertRouted } from "../../models/decoders/decoder.ts";
import { checkOptions, fieldsOf, having } from "../../options/checks.ts";
import { TextError } from "../../text/text-error.ts";
import type { SequenceState } from "../session/sequence-state.ts";
import { inspect } from "./inspection.ts";

/** The experts that tokens are routed to in one layer. */
export interface LayerChoices {
  readonly layer: number;
  /** Experts of each token, highest weight first, row-major `[tokens, k]`. */
  readonly experts: Uint32Array<ArrayBuffer>;
  /** Their weights, likewise. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** How often each expert is chosen, as counted by the GPU. */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Rows of the blocks into which the GPU sorted them, padding included; null for texts too short to be sorted. */
  readonly rows: number | null;
}

/** The experts that tokens are routed to. */
export interface ExpertChoices {
  /** Experts of a layer. */
  readonly count: number;
  /** Experts of a token. */
  readonly k: number;
  /** The layers that have experts. */
  readonly layers: readonly LayerChoices[];
}

/** Options of `expertChoices`. */
interface ExpertChoiceOptions {
  readonly signal?: AbortSignal;
}

/** Throws `OptionError` for unknown options. */
export function checkExperts(options: ExpertChoiceOptions): void {
  const fields = fieldsOf<ExpertChoiceOptions>({ signal: having("aborted", "an AbortSignal") });
  checkOptions("expertChoices", fields, options);
}

/** The experts that each of `ids` is routed to. Overwrites row 0 of the state. Throws `TextError` for a dense model. */
export async function expertChoices(
  state: SequenceState,
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<ExpertChoices> {
  const { decoder } = state.programs;
  const { mixture, architecture } = decoder.config;
  if (!mixture) throw new TextError(`${architecture} has no experts`);
  const named = /\.(experts|weights|counts|offsets)$/;
  const { taps } = await inspect(state, ids, "last", { taps: (tap) => named.test(tap), signal });
  await assertRouted(decoder);
  const chunks = (tap: string) => taps.get(tap)?.map(({ values }) => values);
  const joined = (tap: string) => chunks(tap)?.flatMap((values) => [...values]);
  const layers = decoder.weights.blocks.flatMap((_, layer) => {
    const prefix = `layer.${layer}.feed-forward`;
    const chosen = joined(`${prefix}.experts`);
    if (!chosen) return []; // a dense layer
    const counts = new Uint32Array(mixture.experts);
    const counted = chunks(`${prefix}.counts`);
    if (counted)
      for (const chunk of counted) for (const [e, count] of chunk.entries()) counts[e] = (counts[e] ?? 0) + count;
    else for (const expert of chosen) counts[expert] = (counts[expert] ?? 0) + 1;
    const rows = chunks(`${prefix}.offsets`)?.reduce((sum, offsets) => sum + (offsets.at(-1) ?? 0), 0) ?? null;
    const weights = Float32Array.from(joined(`${prefix}.weights`) ?? []);
    return [{ layer, experts: Uint32Array.from(chosen), weights, counts, rows }];
  });
  return { count: mixture.experts, k: mixture.rule.k, layers };
}
