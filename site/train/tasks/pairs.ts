import { decoders, type Examples, type Task, type Variation } from "./task.ts";

/** Shared by tasks whose answers transform the prompt: decoders continue it, the others read it first. */
export const ofPairs = {
  architectures: [...decoders, "transformer-2017", "gru", "gru-attention"],
  standard: { layers: 2, heads: 4, learningRate: 2e-3, schedule: "cosine", warmup: 50 },
  standardOf: {
    "transformer-2017": { layers: 1 },
    gru: { width: 64, learningRate: 5e-3 },
    "gru-attention": { width: 64, learningRate: 5e-3 },
  },
} as const satisfies Pick<Task, "architectures" | "standard" | "standardOf">;

/** The same for sentences, which take longer. */
export const ofSentences = {
  ...ofPairs,
  standard: { ...ofPairs.standard, steps: 2000, every: 50 },
} as const satisfies Pick<Task, "architectures" | "standard" | "standardOf">;

/** The other models as settings to try; `says` describes the outcome of each. */
export const otherModels = (
  says: { readonly paper: string; readonly attentive: string; readonly plain: string },
  plain: Variation["settings"],
): readonly Variation[] => [
  { title: "Encoder and decoder", says: says.paper, settings: { architecture: "transformer-2017" } },
  { title: "GRU with attention", says: says.attentive, settings: { architecture: "gru-attention" } },
  { title: "Without attention", says: says.plain, settings: { architecture: "gru", ...plain } },
];

/** Examples whose answers count if entirely right, decoded freely; the defaults of the other fields. */
export const answered = (
  given: Omit<Examples, "wholeLoss" | "scored" | "readable"> & Partial<Pick<Examples, "readable">>,
): Examples => ({ readable: (text) => text, wholeLoss: false, scored: "exact", ...given });
