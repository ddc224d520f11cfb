import golden from "../golden/voices-dense.json" with { type: "json" };
import mixture from "../golden/voices-moe.json" with { type: "json" };

/** What an independent float64 forward pass says of a prompt. */
export interface GoldenPrompt {
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly greedyTokens: readonly number[];
  readonly greedyText: string;
  readonly lastLogits: readonly number[];
  readonly nextTokenNll: readonly number[];
  /** Of each layer, for each token, the experts that it chooses, the heavier first. */
  readonly experts?: readonly (readonly (readonly number[])[])[];
}

/** The bundled model and what an independent float64 forward pass says of it. */
export const bundledModel = "examples/models/voices-dense";
export const goldenPrompts = golden.prompts;

/** The bundled mixture of experts, likewise. */
export const bundledMixture = "examples/models/voices-moe";
export const mixturePrompts = mixture.prompts;

/** A fifth of its weights with the same tokenizer, for tests that do not ask what the text is. */
export const bundledNano = "examples/models/voices-nano";
