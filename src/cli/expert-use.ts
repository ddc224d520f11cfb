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
  const { k, layers } = await model.expertChoices(tokens);
  return {
    name,
    tokens,
    layers: layers.map(({ layer, experts, counts, rows }) => ({
      layer,
      experts: tokens.map((_, i) => [...experts.subarray(i * k, (i + 1) * k)]),
      counts: [...counts],
      rows,
    })),
  };
}
