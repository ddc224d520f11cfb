import type { BenchRow } from "../../result.ts";
import { checkedSteps } from "../train/train.ts";
import type { TrainProblem } from "../train/train-problem.ts";
import recorded from "./train-truth.json";

/**
 * Figures of the first steps, from train.py: loss and gradient norm of each, then the norm of all matrices after these
 * steps.
 */
export interface StepsTruth {
  readonly figures: readonly number[];
  /** The same by PyTorch in f32. */
  readonly inF32: readonly number[];
}

/** The largest allowed difference of a figure from float64, relative to it. */
const tolerance = 1e-4;

/** The figures of a problem's first steps. */
export function truthOfSteps({ text }: TrainProblem): StepsTruth {
  const { float64, float32 } = recorded[text as keyof typeof recorded];
  return { figures: float64, inF32: float32 };
}

/** A figure's description, by its index. */
const nameOf = (i: number): string => {
  if (i === 2 * checkedSteps) return `the norm of all matrices after step ${checkedSteps}`;
  return `the ${i % 2 === 0 ? "loss" : "gradients' norm"} of step ${Math.floor(i / 2) + 1}`;
};

/** Whether the figures of the first steps are correct. `nmse` is the mean of squared relative errors. */
export function judgeSteps(
  actual: ArrayLike<number>,
  { figures, inF32 }: StepsTruth,
): Pick<BenchRow, "verdict" | "reason" | "checked" | "errorRatio" | "meanErrorRatio" | "nmse"> {
  const checked = `${figures.length} figures of the first ${checkedSteps} steps, within ${tolerance} of float64`;
  if (actual.length !== figures.length) {
    const reason = `wrong: ${actual.length} figures, expected ${figures.length}`;
    return { verdict: "fail", reason, checked, errorRatio: null, meanErrorRatio: null, nmse: null };
  }
  const errorsOf = (of: ArrayLike<number>) =>
    figures.map((expected, i) => Math.abs((of[i] ?? Number.NaN) / expected - 1));
  const [errors, inherent] = [errorsOf(actual), errorsOf(inF32)];
  const mean = (of: readonly number[]) => of.reduce((sum, error) => sum + error, 0) / of.length;
  const known = {
    checked,
    errorRatio: Math.max(...errors) / Math.max(...inherent),
    meanErrorRatio: mean(errors) / mean(inherent),
    nmse: mean(errors.map((error) => error ** 2)),
  };
  const wrong = errors.findIndex((error) => !(error <= tolerance));
  if (wrong < 0) return { verdict: "pass", reason: null, ...known };
  const is = `${nameOf(wrong)} is ${(actual[wrong] ?? Number.NaN).toPrecision(8)}`;
  return { verdict: "fail", reason: `wrong: ${is}, expected ${figures[wrong]?.toPrecision(8)}`, ...known };
}
