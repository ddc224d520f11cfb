import golden from "../../golden/gpt1/golden.json" with { type: "json" };

/** The folder that `test/golden/gpt1.py` writes, and what it found in float64. */
export const gpt1Folder = "test/golden/gpt1";

interface Gpt1Golden {
  readonly prompt: string;
  readonly tokens: readonly number[];
  /** After the embedding, and after both norms of each layer. */
  readonly states: readonly (readonly (readonly number[])[])[];
  /** Of every position. */
  readonly logits: readonly (readonly number[])[];
  /** The likeliest tokens that follow. */
  readonly greedy: readonly number[];
  /** Texts with their tokens. */
  readonly texts: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly pieces: readonly string[];
  }[];
}

export const gpt1Golden: Gpt1Golden = golden;
