import { readFileSync } from "node:fs";
import type { FileSource } from "../../../src/formats/source.ts";
import { decode, encode } from "../../../src/tensor/dtype.ts";
import { changedFolder } from "../encode/folder-files.ts";

/**
 * Families of which `test/golden/seq2seq.py` and `later_seq2seq.py` write a folder; mT5 is the second release of T5 by
 * another name.
 */
export const sequenceNames = [
  ...["t5", "t5-v1.1", "mt5"],
  ...["bart", "marian", "marian-separate", "transformer-2017", "transformer-2017-torch"],
] as const;

/** The folder's name among the golden ones. */
const folderName = (name: string) => (name === "mt5" ? "t5-v1.1" : name);

/** Where their folders are, from the root of the clone. */
export const sequenceFolder = (name: string) => `test/golden/${folderName(name)}`;

/** The family of which it is a release or a way of storing. */
export const sequenceKind = (name: string) => folderName(name).replace(/-(v1\.1|separate|torch)$/, "");

/** A JSON file of a folder. */
export const sequenceFile = (name: string, file: string) =>
  JSON.parse(readFileSync(`${sequenceFolder(name)}/${file}`, "utf8")) as Record<string, unknown>;

/** What `loadEncoderDecoder` takes of a family, with other files in the place of its own. */
export function sequenceSource(name: string, changes: Readonly<Record<string, unknown>> = {}): FileSource {
  const named = name === "mt5" ? { "config.json": { ...sequenceFile(name, "config.json"), model_type: "mt5" } } : {};
  return changedFolder(folderName(name), { ...named, ...changes });
}

/** The same with every number rounded to a type, stored as f32. */
export function roundedSource(name: string, dtype: "f16" | "bf16"): FileSource {
  const bytes = new Uint8Array(readFileSync(`${sequenceFolder(name)}/model.safetensors`));
  const view = new DataView(bytes.buffer);
  for (let at = 8 + Number(view.getBigUint64(0, true)); at < bytes.length; at += 4) {
    const [value = 0] = decode(dtype, encode(dtype, [view.getFloat32(at, true)]));
    view.setFloat32(at, value, true);
  }
  return sequenceSource(name, { "model.safetensors": bytes });
}

/**
 * How far from the golden numbers states after norms, logits and weights of attention may be, and scores of texts in
 * parts of them: T5's logits are about 1, the others' as large as 12.
 */
export const tolerances = (name: string) =>
  folderName(name).startsWith("t5")
    ? { states: 2e-5, logits: 2e-5, weights: 2e-6, scores: 2e-6 }
    : { states: 2e-5, logits: 1e-4, weights: 1e-5, scores: 1e-5 };

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

export const sequenceGolden = (name: string) => sequenceFile(name, "golden.json") as unknown as SequenceGolden;
