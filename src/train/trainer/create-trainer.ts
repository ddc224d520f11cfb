import { checkValue, having } from "../../options/checks.ts";
import type { TrainableModel } from "../open-trainable.ts";
import type { TrainerOptions } from "./options.ts";
import { Trainer } from "./trainer.ts";

const modelCheck = having("objective", "a model from openTrainable or openLora");

/**
 * A trainer of a model, or of its adapter: each `step` takes a batch of tokens and changes the weights by an optimiser, at
 * the rate of a schedule. It keeps what the optimiser needs, two numbers a weight for AdamW, until it is disposed; the model
 * stays its caller's.
 *
 * @throws OptionError for options that are not valid; GradientError for parameters that are not f32 or share memory.
 */
export function createTrainer<B>(model: TrainableModel<B>, options: TrainerOptions): Trainer<B> {
  checkValue("createTrainer", "model", modelCheck, model);
  return new Trainer(model.objective, model.parameters, options);
}
