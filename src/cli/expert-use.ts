import { inspect } from "../generate/inspection.ts";
import type { LanguageModel } from "../generate/language-model.ts";
import { TextError } from "../text/text-error.ts";

/** The experts chosen by the tokens of one text. */
export interface ExpertUse {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly layers: readonly LayerUse[];
}

/** The experts chosen in one layer. */
export interface LayerUse {
  readonly layer: number;
  /** For each token, in order of choice. */
  readonly experts: readonly (readonly number[])[];
  /** Number of choices of each expert, as counted by the GPU. */
  readonly counts: readonly number[];
  /** Rows of the blocks into which the GPU sorted them, padding included; null for texts too short to be sorted. */
  readonly rows: number | null;
}

/** Runs as much of a text as the context holds, and reads the counts from the GPU. */
export async function useOf(model: LanguageModel, name: string, text: string): Promise<ExpertUse> {
  const tokens = model.tokenizer.encode(text).slice(0, model.context);
  if (text === "" || tokens.length === 0) throw new TextError(`${name} is empty`);
  using session = model.session();
  const { taps } = await inspect(session.state, tokens, "last", (tap) => /\.(experts|counts|offsets)$/.test(tap));
  const values = (tap: string) => taps.get(tap)?.map((chunk) => [...chunk.values]);
  const { rule, experts: count } = model.decoder.config.mixture ?? { rule: { k: 1 }, experts: 1 };
  const layers = model.decoder.weights.blocks.flatMap((_, layer) => {
    const prefix = `layer.${layer}.feed-forward`;
    const chosen = values(`${prefix}.experts`)?.flat();
    if (!chosen) return []; // a dense layer
    const experts = Array.from({ length: tokens.length }, (_, i) => chosen.slice(i * rule.k, (i + 1) * rule.k));
    const counted = values(`${prefix}.counts`);
    const own = Array.from({ length: count }, (_, e) => chosen.filter((expert) => expert === e).length);
    const counts = counted ? own.map((_, e) => counted.reduce((sum, chunk) => sum + (chunk[e] ?? 0), 0)) : own;
    const rows = values(`${prefix}.offsets`)?.reduce((sum, chunk) => sum + (chunk.at(-1) ?? 0), 0) ?? null;
    return [{ layer, experts, counts, rows }];
  });
  return { name, tokens, layers };
}
