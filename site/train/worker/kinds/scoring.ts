import type { Tensor } from "../../../../src/tensor/tensor.ts";
import type { Objective } from "../../../../src/train/objectives/objective.ts";
import { logitsOf, type Run, type Submits, whole } from "../running.ts";

/** A model's score on examples. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** The index of the largest number of a part of an array. */
export function argmax(values: ArrayLike<number>, begin: number, end: number): number {
  let best = begin;
  for (let i = begin + 1; i < end; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best - begin;
}

/** What counts as an answer: all targets of a row, or each target. */
export type RightBy = "rows" | "targets";

/** Losses and right answers of targets `[rows, …]`, from their logits, in float64. */
function scoreOf(values: ArrayLike<number>, { targets, rows, by, classes, sayable }: Targets): Score {
  const length = targets.length / rows;
  let [loss, count, rightTargets, rightRows] = [0, 0, 0, 0];
  for (let row = 0; row < rows; row++) {
    let all = true;
    for (let i = row * length; i < (row + 1) * length; i++) {
      const target = targets[i] ?? -1;
      if (target < 0) continue;
      const begin = i * classes;
      const best = argmax(values, begin, begin + sayable);
      const most = values[begin + argmax(values, begin, begin + classes)] ?? 0;
      let sum = 0;
      for (let v = begin; v < begin + classes; v++) sum += Math.exp((values[v] ?? 0) - most);
      loss += Math.log(sum) + most - (values[begin + target] ?? 0);
      count++;
      if (best === target) rightTargets++;
      else all = false;
    }
    if (all) rightRows++;
  }
  return { loss: loss / count, accuracy: by === "rows" ? rightRows / rows : rightTargets / count };
}

interface Targets {
  readonly targets: ArrayLike<number>;
  readonly rows: number;
  readonly by: RightBy;
  readonly classes: number;
  readonly sayable: number;
}

/** Scores a model. */
export interface Scoring {
  /** Its score, and the run that computed it. */
  readonly score: () => Promise<Score & { readonly run: Run<Tensor> }>;
  dispose(): void;
}

/** The held-out examples. */
export interface Scored<B> {
  /** The targets of the loss. */
  readonly batch: B;
  /** The targets of the accuracy, if different. */
  readonly answers?: B;
  readonly rows: number;
  readonly by: RightBy;
  /** The number of classes of a prediction, and how many of them, from the first on, are allowed; unset: all. */
  readonly classes: number;
  readonly sayable?: number;
}

/**
 * Prepares to score a model. A freely decoded answer is right exactly if the model's first choice is right at each
 * position given the right previous ones, so one run over all examples counts them.
 */
export function scoringOf<B>(
  objective: Objective<B>,
  { batch, answers = batch, rows, by, classes, sayable = classes }: Scored<B>,
  submits: Submits,
  taps?: (name: string) => boolean,
): Scoring {
  const running = logitsOf(objective, submits, taps);
  const how = { rows, by, classes, sayable };
  const targetsOf = (of: B) => objective.inputs(of)["targets"]?.values ?? [];
  return {
    score: async () => {
      const run = await running.run(batch);
      const values = await run.result(whole);
      const { loss } = scoreOf(values, { ...how, targets: targetsOf(batch) });
      const { accuracy } = scoreOf(values, { ...how, targets: targetsOf(answers) });
      return { loss, accuracy, run };
    },
    dispose: () => running.dispose(),
  };
}
