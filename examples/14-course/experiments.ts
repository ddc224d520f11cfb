// The runs of the sections, each loaded when it is wanted.
import type { Run, Settings } from "./experiment.ts";
import type { SectionId, SettingsOf } from "./sections.ts";

const runs: { readonly [Id in SectionId]: () => Promise<{ readonly run: Run<SettingsOf<Id>> }> } = {
  "language-model": () => import("./words/language-model.ts"),
  tokens: () => import("./words/tokens.ts"),
  "bag-of-words": () => import("./words/bag-of-words.ts"),
  "word-vectors": () => import("./words/word-vectors.ts"),
  sentences: () => import("./words/sentences.ts"),
  contextual: () => import("./words/contextual.ts"),
  recurrent: () => import("./sequences/recurrent.ts"),
  "attention-2014": () => import("./sequences/attention-2014.ts"),
  "transformer-2017": () => import("./transformers/transformer-2017.ts"),
  architectures: () => import("./transformers/architectures.ts"),
  bert: () => import("./transformers/bert.ts"),
  gpt: () => import("./writing/gpt.ts"),
  decoding: () => import("./writing/decoding.ts"),
  cache: () => import("./writing/cache.ts"),
  block: () => import("./inside/block.ts"),
  norms: () => import("./inside/norms.ts"),
  "self-attention": () => import("./inside/self-attention.ts"),
  heads: () => import("./inside/heads.ts"),
  sparse: () => import("./inside/sparse.ts"),
  positions: () => import("./inside/positions.ts"),
  mixture: () => import("./inside/mixture.ts"),
};

/** The run of a section. Its values are those of the section's settings. */
export const runOf = async (id: SectionId): Promise<Run<Settings>> => (await runs[id]()).run as Run<Settings>;
