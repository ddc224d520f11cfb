import { FormatError, listed } from "../../formats/format-error.ts";
import { type HeadContext, headOf, wholeInput } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { type LabelScore, ordered, softmax } from "./scores.ts";

/** How labels become sentences. */
interface ZeroShotOptions {
  readonly template?: string | undefined;
  readonly multiLabel?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Scores of labels that the model was not trained for (Yin, Hay and Roth 2019, as Hugging Face's pipeline computes them):
 * each makes a hypothesis, and a head of natural language inference says whether the text entails it. The logits of
 * entailment go through a softmax over the labels; of labels that do not exclude each other, or a single one, each
 * against its own contradiction, which is the first label of the model, or the last where entailment is the first.
 */
export async function zeroShot(
  encoder: HeadContext,
  text: string,
  labels: readonly string[],
  { template = "This example is {}.", multiLabel = false, signal }: ZeroShotOptions,
): Promise<LabelScore[]> {
  const kind = headOf(encoder, "classify with labels", "sequence-classification");
  const names = encoder.chosen.labels?.names ?? [];
  const entailment = names.findIndex((name) => name.toLowerCase().startsWith("entail"));
  if (entailment < 0 || names.length < 2) {
    throw new FormatError(
      encoder.name,
      `has the labels ${listed(names)}, expected one that begins with entail and one for contradiction: labels of your ` +
        "own need a model of natural language inference",
    );
  }
  const contradiction = entailment === 0 ? names.length - 1 : 0;
  const inputs = labels.map((label) =>
    wholeInput(
      encoder,
      "classify",
      text,
      template.replaceAll("{}", () => label),
    ),
  );
  const logits = await logitsOfTexts(encoder, kind, inputs, signal);
  const at = (i: number) => logits.map((row) => row[i] ?? 0);
  const entailed = at(entailment);
  const scores =
    multiLabel || labels.length === 1
      ? at(contradiction).map((against, i) => softmax([against, entailed[i] ?? 0])[1] ?? 0)
      : softmax(entailed);
  return ordered(scores, labels);
}
