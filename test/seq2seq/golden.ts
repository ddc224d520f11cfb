import { readFileSync } from "node:fs";

/** Families of which `test/golden/seq2seq.py` writes a folder. */
export const sequenceNames = ["t5", "t5-v1.1"] as const;

/** Where their folders are, from the root of the clone. */
export const sequenceFolder = (name: string) => `test/golden/${name}`;

/** What the script found in float64. */
export interface SequenceGolden {
  readonly texts: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    /** Of the encoder's last layer, normed where there is a norm: a row for each token. */
    readonly states: readonly (readonly number[])[];
    /** Of the embeddings and of every layer. */
    readonly layers?: readonly (readonly (readonly number[])[])[];
    readonly greedy: { readonly ids: readonly number[]; readonly text: string };
    readonly beams?: readonly {
      readonly options: { readonly beams: number };
      readonly results: readonly { readonly ids: readonly number[]; readonly score: number }[];
    }[];
  }[];
  /** Logits and weights of the source, of the first text, where the decoder is given tokens. */
  readonly forced: {
    /** With the one that the decoder begins with. */
    readonly ids: readonly number[];
    /** The tokens whose logits and weights there are. */
    readonly rows: readonly number[];
    readonly logits: readonly (readonly number[])[];
    /** By layer, head and row. */
    readonly cross: readonly (readonly (readonly (readonly number[])[])[])[];
  };
}

export const sequenceGolden = (name: string) =>
  JSON.parse(readFileSync(`${sequenceFolder(name)}/golden.json`, "utf8")) as SequenceGolden;
