import type { Latent } from "./inputs/latents.ts";

/** The attention of a published model. */
export interface Preset {
  /** In the notation of `--heads`. */
  readonly heads: string;
  readonly layers: number;
  readonly mask: string;
  readonly score: string;
  /** The latents' widths, if its cache holds latents. */
  readonly latent?: Latent;
}

const causalLayers = (heads: string, layers: number): Preset => ({ heads, layers, mask: "causal", score: "none" });

/** Models by name, with the values of their `config.json`. */
export const presets: Readonly<Record<string, Preset>> = {
  "GPT-2": causalLayers("12x64", 12),
  "Qwen2.5-0.5B": causalLayers("14/2x64", 24),
  "Llama-3.2-1B": causalLayers("32/8x64", 16),
  "Llama-3.1-8B": causalLayers("32/8x128", 32),
  // Every second layer has the window; the others are causal, with the same soft cap.
  "Gemma-2-2B": { heads: "8/4x256", layers: 26, mask: "sliding-window:4096", score: "softcap:50" },
  "Mixtral-8x7B": causalLayers("32/8x128", 32),
  "DeepSeek-V3": { ...causalLayers("128x192-128", 61), latent: { rank: 512, rope: 64 } },
};

/** The model with this name; case does not matter, and a unique prefix is enough. Throws a RangeError. */
export function findPreset(name: string): readonly [name: string, preset: Preset] {
  const known = Object.entries(presets);
  const wanted = name.toLowerCase();
  const [exact] = known.filter(([key]) => key.toLowerCase() === wanted);
  const matching = known.filter(([key]) => key.toLowerCase().startsWith(wanted));
  const [only, ...others] = exact ? [exact] : matching;
  if (only && others.length === 0 && name !== "") return only;
  const found = matching.length > 1 ? matching : known;
  throw new RangeError(
    `${matching.length > 1 ? `"${name}" could be several models` : `there is no model "${name}"`}; ` +
      `there are ${found.map(([key]) => key).join(", ")}`,
  );
}
