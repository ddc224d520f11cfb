// The runs of the sections, each loaded when it is wanted.
import type { Run, Settings } from "./experiment.ts";
import type { SectionId, SettingsOf } from "./sections.ts";

const runs: { readonly [Id in SectionId]: () => Promise<{ readonly run: Run<SettingsOf<Id>> }> } = {
  "bag-of-words": () => import("./words/bag-of-words.ts"),
  recurrent: () => import("./sequences/recurrent.ts"),
  "attention-2014": () => import("./sequences/attention-2014.ts"),
};

/** The run of a section. Its values are those of the section's settings. */
export const runOf = async (id: SectionId): Promise<Run<Settings>> => (await runs[id]()).run as Run<Settings>;
