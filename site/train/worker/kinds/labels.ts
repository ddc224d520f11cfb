// Shared by models that classify a whole prompt.
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import type { LabelBatch } from "../../../../src/train/objectives/label-batch.ts";
import type { TrainableModel } from "../../../../src/train/open/open-trainable.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import type { Attention } from "../history.ts";
import { logitsOf, type Run, type Submits, whole } from "../running.ts";
import type { Learner, Looking } from "./kind.ts";
import { shownOf } from "./saying.ts";
import { argmax, scoringOf } from "./scoring.ts";

/** A classifier. */
export interface LabelModel {
  readonly examples: Examples;
  readonly model: TrainableModel<LabelBatch>;
  /** The tokens of prompts. */
  readonly rowsOf: (prompts: readonly string[]) => number[][];
  readonly layers: number;
  readonly heads: number;
  readonly context: number;
  readonly partOf: (parameter: string) => string;
  /** The values of a run needed for pictures of attention, and the pictures of the first prompt. */
  readonly taps?: (name: string) => boolean;
  readonly attention?: (run: Run<Tensor>, prompt: readonly string[]) => Promise<readonly Omit<Attention, "step">[]>;
}

/** A classifier that learns examples, without its files. */
export function labelLearner(given: LabelModel): Omit<Learner<LabelBatch>, "files" | "whole"> {
  const { taps, attention, rowsOf, ...known } = given;
  const labels = labelsOf(given);
  const batchOf = (from: readonly Example[]): LabelBatch => ({
    ids: rowsOf(from.map(({ prompt }) => prompt)),
    labels: from.map(({ answer }) => labels.indexOf(answer[0] ?? "")),
  });
  return {
    ...known,
    asked: "labels",
    classes: labels.length,
    batchOf,
    looking: async (heldOut, submits) => lookingAt(given, batchOf, heldOut, submits),
  };
}

const labelsOf = ({ examples: { labels = "" } }: LabelModel): readonly string[] => [...labels];

function lookingAt(
  given: LabelModel,
  batchOf: (from: readonly Example[]) => LabelBatch,
  heldOut: readonly Example[],
  submits: Submits,
): Looking {
  const { examples, model, taps, attention } = given;
  const { readable } = examples;
  const labels = labelsOf(given);
  const shown = shownOf(examples, heldOut);
  const scored = { batch: batchOf(heldOut), rows: heldOut.length, by: "targets", classes: labels.length } as const;
  const scoring = scoringOf(model.objective, scored, submits);
  const saying = logitsOf(model.objective, submits, taps);
  return {
    score: async () => {
      const { loss, accuracy } = await scoring.score();
      return { loss, accuracy };
    },
    samples: async () => {
      const run = await saying.run(batchOf(shown));
      const values = await run.result(whole);
      const samples = shown.map(({ prompt, answer, ...rest }, row) => {
        const best = argmax(values, row * labels.length, (row + 1) * labels.length);
        return { ...rest, prompt: readable(prompt), answer: answer[0] ?? "", given: labels[best] ?? "" };
      });
      const texts = Array.from(shown[0]?.prompt ?? "", (character) => readable(character));
      return { samples, attention: (await attention?.(run, texts)) ?? [] };
    },
    dispose: () => {
      scoring.dispose();
      saying.dispose();
    },
  };
}
