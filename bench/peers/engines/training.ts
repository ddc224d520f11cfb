import { checkedSteps } from "../train.ts";
import { withDispatches } from "./count-dispatches.ts";
import type { Prepared } from "./engine.ts";

/** Training from a problem's first weights on. */
export interface Training {
  /** Enqueues a step. */
  readonly step: () => void | Promise<void>;
  /** Submits what is enqueued and waits until the GPU has finished. */
  readonly settle: () => Promise<void>;
  /** Of the last step, after `settle`: the loss and the norm of all gradients, before its weights changed. */
  readonly figures: () => Promise<readonly [loss: number, norm: number]>;
  /** All weights of two dimensions. */
  readonly matrices: () => Promise<readonly ArrayLike<number>[]>;
  readonly dispose: () => void;
  /** Of a step, where they are known without counting. */
  readonly dispatches?: number;
}

/**
 * Runs are steps, one after the other, of which nothing is read. What is read at the end are the figures of the first
 * steps, computed anew from the first weights: each time by what has been timed.
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

/** Loss and gradient norm of each of the first steps, then the norm of all matrices after them. */
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
