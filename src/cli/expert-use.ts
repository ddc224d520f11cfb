import type { LanguageModel } from "../generate/language-model.ts";
import { TextError } from "../text/text-error.ts";

/** What the tokens of one text chose. */
export interface ExpertUse {
  readonly name: string;
  readonly tokens: readonly number[];
  readonly layers: readonly LayerUse[];
}

/** What they chose in one layer. */
export interface LayerUse {
  readonly layer: number;
  /** Of each token, the first chosen first. */
  readonly experts: readonly (readonly number[])[];
  /** Choices that each expert got, as the GPU counted them. */
  readonly counts: readonly number[];
  /** Rows of the blocks that the GPU sorted them into, padding included; null for a text so short that it sorts nothing. */
  readonly rows: number | null;
}

/** Runs a text, as much as the context holds, and reads what the GPU counted. */
export async function useOf(model: LanguageModel, name: string, text: string): Promise<ExpertUse> {
  const tokens = model.tokenizer.encode(text).slice(0, model.context);
  if (text === "" || tokens.length === 0) throw new TextError(`${name} is empty`);
  using session = model.session();
  const { taps } = await session.state.inspect(tokens, "last", (tap) => /\.(experts|counts|offsets)$/.test(tap));
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
