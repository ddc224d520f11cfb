import { type Gpu, tensor } from "shaderformer";
import { createTrainer, type TrainerOptions } from "shaderformer/train";

/** Numbers in [0, 1), the same from the same seed (Park and Miller 1988). */
export function randomOf(seed: number): () => number {
  let word = ((seed * 2_654_435_761) % (2 ** 31 - 2)) + 1;
  return () => {
    word = (word * 16_807) % (2 ** 31 - 1);
    return (word - 1) / (2 ** 31 - 2);
  };
}

/** One of a list. */
export const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

type Learner<B> = Parameters<typeof createTrainer<B>>[0];

interface Training extends TrainerOptions {
  readonly steps: number;
  /** Steps between two reports. */
  readonly every: number;
}

/** Trains a model on batches drawn one after the other. Reports steps, loss and norm of the gradients now and then. */
export async function* train<B>(learner: Learner<B>, draw: () => B, { steps, every, ...options }: Training) {
  const trainer = createTrainer(learner, options);
  try {
    while (trainer.steps < steps) {
      for (let i = Math.min(every, steps - trainer.steps); i > 0; i--) await trainer.submit(draw());
      const done = await trainer.readSteps();
      const mean = (of: (step: (typeof done)[number]) => number) =>
        done.reduce((sum, step) => sum + of(step), 0) / done.length;
      const [loss, norm] = [mean((step) => step.loss), mean((step) => step.gradientNorm)];
      if (!Number.isFinite(loss)) {
        throw new RangeError(`the loss is ${loss} at step ${trainer.steps}: choose a smaller learning rate`);
      }
      yield { step: trainer.steps, loss, norm };
    }
  } finally {
    trainer.dispose();
  }
}

/** The logits of each prediction of a batch. */
export async function logitsOf<B>(gpu: Gpu, { objective }: Learner<B>, batch: B): Promise<Float64Array[]> {
  using scope = gpu.scope();
  const inputs = Object.entries(objective.inputs(batch)).map(
    ([name, { shape, dtype, values }]) => [name, tensor(gpu, shape, values, dtype)] as const,
  );
  const logits = scope.keep(objective.logits(Object.fromEntries(inputs)));
  const width = logits.shape.at(-1) ?? 1;
  const values = Float64Array.from(await logits.read());
  logits.dispose();
  return Array.from({ length: values.length / width }, (_, row) => values.subarray(row * width, (row + 1) * width));
}

/** The index of the largest number. */
export const argmax = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((best, value, i, all) => (value > (all[best] ?? 0) ? i : best), 0);

/** The share of a list for which something is true. */
export const shareOf = <T>(list: readonly T[], is: (item: T, i: number) => boolean): number =>
  list.filter(is).length / list.length;
