// How many pairs of a key and a value can a layer look up again? Trains one of several mixers at a time.
//   npm run example -- 15-recall                                softmax and the gated delta rule, 8 pairs
//   npm run example -- 15-recall linear,hybrid 8,32 400 0,1,2   mixers, pairs, steps, seeds
import { type Gpu, openGpu, tensor } from "shaderformer";
import { createTrainer } from "shaderformer/train";
import { type Mixer, mixers, openModel } from "./model.ts";
import { drawn, lengthOf, mostPairs, randomOf } from "./task.ts";

const [names = "softmax,gatedDeltaRule", pairsText = "8", stepsText = "200", seedsText = "0"] = process.argv.slice(3);

/** Whole numbers of a list; throws for what is no such list. */
function numbersOf(name: string, text: string, least: number, most: number): number[] {
  return text.split(",").map((one) => {
    const value = Number(one);
    if (one.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new RangeError(`${name} is "${one}", expected a whole number from ${least} to ${most}`);
  });
}

const chosen = names.split(",").map((name) => {
  const mixer = mixers.find((one) => one === name);
  if (mixer) return mixer;
  throw new RangeError(`there is no mixer "${name}"; there are ${mixers.join(", ")}`);
});
const pairsOf = numbersOf("pairs", pairsText, 1, mostPairs);
const [steps = 1] = numbersOf("steps", stepsText, 1, 100_000);
const seeds = numbersOf("seed", seedsText, 0, 2 ** 20);

/** The share of questions about new texts that a trained model answers right. */
async function accuracyOf(gpu: Gpu, mixer: Mixer, pairs: number, seed: number): Promise<number> {
  const model = openModel(gpu, mixer, seed);
  const random = randomOf(seed + 1);
  const schedule = { name: "cosine", learningRate: 4e-3, warmup: Math.ceil(steps / 10), steps } as const;
  const trainer = createTrainer(model, { schedule, clip: 1 });
  try {
    while (trainer.steps < steps) {
      for (let i = 0; i < 20 && trainer.steps < steps; i++) await trainer.submit(drawn(random, 32, pairs));
      const { loss = Number.NaN } = (await trainer.readSteps()).at(-1) ?? {};
      if (!Number.isFinite(loss)) throw new RangeError(`the loss is ${loss} at step ${trainer.steps}`);
    }
    const asked = drawn(randomOf(999_983), 64, pairs);
    const targets = asked.targets.flat();
    const said = await answersOf(gpu, model, asked.ids);
    const counted = targets.flatMap((target, i) => (target < 0 ? [] : [Number(said[i] === target)]));
    return counted.reduce((sum, one) => sum + one, 0) / counted.length;
  } finally {
    trainer.dispose();
    model.dispose();
  }
}

/** The likeliest token at each place of the texts. */
async function answersOf(
  gpu: Gpu,
  { objective }: ReturnType<typeof openModel>,
  texts: readonly (readonly number[])[],
): Promise<number[]> {
  using scope = gpu.scope();
  const ids = tensor(gpu, [texts.length, lengthOf((texts[0]?.length ?? 0) / 3)], texts.flat(), "u32");
  const logits = scope.keep(objective.logits({ ids }));
  const v = logits.shape.at(-1) ?? 1;
  const values = await logits.read();
  logits.dispose();
  return Array.from({ length: values.length / v }, (_, row) => {
    const own = values.subarray(row * v, (row + 1) * v);
    return own.reduce((best, value, i) => (value > (own[best] ?? 0) ? i : best), 0);
  });
}

const gpu = await openGpu();
const start = performance.now();
console.log("mixer, pairs, seed: right answers");
for (const pairs of pairsOf) {
  for (const mixer of chosen) {
    for (const seed of seeds) {
      const share = await accuracyOf(gpu, mixer, pairs, seed);
      console.log(`${mixer}, ${pairs}, ${seed}: ${(100 * share).toFixed(1)} %`);
    }
  }
}
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s on ${gpu.adapter.label}`);
gpu.close();
