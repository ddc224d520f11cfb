import { checkedSteps } from "../train/train.ts";
import { withDispatches } from "./count-dispatches.ts";
import type { Prepared } from "./engine.ts";

/** Training that starts from a problem's initial weights. */
export interface Training {
  /** Enqueues a step. */
  readonly step: () => void | Promise<void>;
  /** Submits the enqueued work and waits until the GPU has finished. */
  readonly settle: () => Promise<void>;
  /** The loss and the norm of all gradients of the last step, before it changed the weights; after `settle`. */
  readonly figures: () => Promise<readonly [loss: number, norm: number]>;
  /** All two-dimensional weights. */
  readonly matrices: () => Promise<readonly ArrayLike<number>[]>;
  readonly dispose: () => void;
  /** Dispatches of a step, if known without counting. */
  readonly dispatches?: number;
}

/**
 * Runs are consecutive steps, from which nothing is read. At the end the figures of the first steps are computed again,
 * by the same code that was timed, from the initial weights.
 */
export async function preparedTraining(
  variant: string,
  begin: () => Promise<Training>,
  free?: () => void,
): Promise<Prepared> {
  let training = await begin();
  const { dispatches } = training;
  const prepared: Prepared = {
    variant,
    run: () => training.step(),
    settle: () => training.settle(),
    read: async () => {
      training.dispose();
      training = await begin();
      return await firstFigures(training);
    },
    dispose: () => {
      training.dispose();
      free?.();
    },
  };
  return dispatches === undefined ? withDispatches(prepared) : { ...prepared, dispatches };
}

/** Loss and gradient norm of each of the first steps, then the norm of all matrices after these steps. */
async function firstFigures(training: Training): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < checkedSteps; i++) {
    await training.step();
    await training.settle();
    found.push(...(await training.figures()));
  }
  let squares = 0;
  for (const matrix of await training.matrices()) {
    for (let i = 0; i < matrix.length; i++) squares += (matrix[i] ?? 0) ** 2;
  }
  return [...found, Math.sqrt(squares)];
}
