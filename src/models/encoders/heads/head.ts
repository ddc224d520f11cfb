import type { Activation } from "../../../blocks/activations.ts";
import type { FieldReader } from "../../../formats/json/fields.ts";
import type { WeightSource } from "../../decoders/family.ts";

/** What a kind of head is called in names of architectures, after the family, and what uses it. */
interface HeadUse {
  readonly suffixes: readonly string[];
  readonly methods: string;
  /** On the command line. */
  readonly command?: string;
}

/** What the heads of encoders predict. */
export const headKinds = {
  "masked-language": { suffixes: ["ForMaskedLM", "ForPreTraining"], methods: "fillMask, sparse", command: "fill-mask" },
  "next-sentence": { suffixes: ["ForNextSentencePrediction", "ForPreTraining"], methods: "nextSentence" },
  "sequence-classification": { suffixes: ["ForSequenceClassification"], methods: "classify", command: "classify" },
  "token-classification": { suffixes: ["ForTokenClassification"], methods: "classify", command: "classify" },
  "question-answering": { suffixes: ["ForQuestionAnswering"], methods: "answer", command: "answer" },
} as const satisfies Readonly<Record<string, HeadUse>>;

/** What a head predicts. */
export type HeadKind = keyof typeof headKinds;

/** Activations of heads: those of layers, and two that only heads have. */
export type HeadActivation = Activation | "relu" | "tanh";

/** Names and shapes of a head's weights. */
export interface HeadSources {
  /** `[c, c]`, before the output. */
  readonly dense?: WeightSource;
  readonly denseBias?: WeightSource;
  readonly norm?: WeightSource;
  readonly normBias?: WeightSource;
  /** `[outputs, c]`; unset: the embedding. */
  readonly output?: WeightSource;
  readonly outputBias?: WeightSource;
}

/**
 * A head: which states it reads, and what it computes from each: `output(norm(activation(dense(x))))`, where all but
 * the output are optional.
 */
export interface EncoderHead {
  /** Of every requested token, of a text's first token, or the mean of a text's tokens. */
  readonly rows: "each" | "first" | "mean";
  readonly activation?: HeadActivation;
  /** Of the norm; unset: the layers'. */
  readonly eps?: number;
  readonly sources: HeadSources;
  /** The tensor that shows that the head exists. */
  readonly own: string;
  /** True where another head has a tensor of this name: only the architecture distinguishes them. */
  readonly shared?: boolean;
}

/** The heads of a family, by what they predict. */
export type FamilyHeads = Readonly<Partial<Record<HeadKind, EncoderHead>>>;

/** What the names of heads depend on. */
export interface HeadNaming {
  /** Returns whether the checkpoint has a tensor. */
  readonly has: (name: string) => boolean;
  /** Number of labels. */
  readonly labels: number;
  /** config.json, for fields that heads alone have. */
  readonly config: FieldReader;
}

/** A kind of head with what uses it. */
export function headWithUse(kind: HeadKind): string {
  const { methods, command }: HeadUse = headKinds[kind];
  const commands = command === undefined || command === methods ? "" : `; the command ${command}`;
  return `${kind} (${methods}${commands})`;
}
