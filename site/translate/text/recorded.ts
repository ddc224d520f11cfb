import recording from "./recorded.json";
import type { Run } from "./run.ts";

const { layers, heads, runs } = recording;

/** Texts that the bundled model wrote from its examples, as `scripts/record/translate.mjs` writes them. */
export const recorded: readonly Run[] = runs.map((one) => ({
  name: "dates",
  kind: "recorded",
  layers,
  heads,
  perHead: true,
  untrained: false,
  ...one,
  rows: one.rows.map((row) => Float32Array.from(row)),
  ended: { stopReason: "eos", score: undefined, encode: 0, tokensPerSecond: 0 },
}));
