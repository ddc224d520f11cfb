import { attentionSurvivors } from "./survivors/attention.ts";
import { coreSurvivors } from "./survivors/core.ts";
import { mixtureSurvivors } from "./survivors/mixture.ts";

/** Mistakes that no test can or should notice, by id, and why: they change nothing that a result shows. */
export const survivors: Readonly<Record<string, string>> = {
  ...attentionSurvivors,
  ...mixtureSurvivors,
  ...coreSurvivors,
};
