import type { Examples } from "../tasks/task.ts";
import { idsOf } from "./folder.ts";
import type { Settings } from "./settings.ts";

/** The settings of new word vectors, or of a new classifier by words alone, as in its `config.json`. */
export function wordConfig({ architecture, width }: Settings, examples: Examples): Record<string, unknown> {
  const words = { model_type: architecture, vocab_size: idsOf(examples.alphabet).size };
  const labels = [...(examples.labels ?? "")].length;
  switch (architecture) {
    case "bag-of-words":
      return { ...words, num_labels: labels, mode: "mean" };
    case "mean-of-word-vectors":
      return { ...words, num_labels: labels, vector_size: width };
    default:
      return { ...words, vector_size: width };
  }
}
