import { freshFolder, openTrainable } from "shaderformer/train";
import type { Run } from "../experiment.ts";
import type { SettingsOf } from "../sections.ts";
import { randomOf, train } from "../training.ts";
import { textsOf, words } from "./small-texts.ts";

/** The two ways to place norms, as their models had them. */
const families = { "post-norm": "OpenAIGPTLMHeadModel", "pre-norm": "GPT2LMHeadModel" } as const;

/**
 * One text, four runs: GPT-1 norms the sums (post-norm), GPT-2 what its sublayers read; with a warm-up and without.
 * Weights are drawn as large as the Transformer of 2017 had them (Glorot and Bengio 2010).
 */
export const run: Run<SettingsOf<"norms">> = async function* (gpu, values) {
  const { layers, width, steps, rate, seed } = values;
  if (width % 2 !== 0) throw new RangeError(`the width is ${width}, expected an even number, for two heads`);
  const losses: Record<string, number> = {};
  for (const [name, architecture] of Object.entries(families)) {
    const sizes = { vocab_size: words.length, n_embd: width, n_head: 2, n_layer: layers, n_positions: 16 };
    for (const warmup of [values.warmup, 0]) {
      const line = `${name}, ${warmup > 0 ? "with warm-up" : "without warm-up"}`;
      const model = await openTrainable(
        gpu,
        freshFolder({ architectures: [architecture], ...sizes }, { seed, initialiser: "xavier" }),
      );
      const random = randomOf(seed);
      const draw = () => textsOf(random, 8, 16);
      const schedule = { name: "constant", learningRate: rate, warmup, steps } as const;
      const last: number[] = [];
      try {
        for await (const { step, loss, norm } of train(model, draw, {
          steps,
          every: Math.ceil(steps / 20),
          schedule,
        })) {
          yield { kind: "point", title: "Loss", axes: ["step", "loss, nats"], line, at: [step, loss] };
          yield { kind: "point", title: "Gradients", axes: ["step", "norm"], line, at: [step, norm] };
          last.push(loss);
        }
      } finally {
        model.dispose();
      }
      losses[line] = last.at(-1) ?? 0;
    }
  }
  return losses;
};
