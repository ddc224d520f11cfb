import { type Settings, settingsFor } from "../setup/settings.ts";
import type { History } from "../worker/history.ts";
import type { RunFacts } from "../worker/protocol.ts";
import recording from "./recorded.json";

/** Weights as bytes, in 255ths. */
const weightsOf = (packed: string): Float32Array<ArrayBuffer> =>
  Float32Array.from(atob(packed), (byte) => byte.charCodeAt(0) / 255);

/** A run of the first task, as written by `scripts/record/train.mjs`. */
export const recorded: { readonly settings: Settings; readonly facts: RunFacts; readonly history: History } = {
  settings: settingsFor("sort", recording.settings as Partial<Settings>),
  facts: recording.facts,
  history: {
    ...recording.history,
    attention: recording.history.attention.map(({ weights, ...one }) => ({ ...one, weights: weightsOf(weights) })),
  },
};
