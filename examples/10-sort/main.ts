import { type Gpu, loadModel, openFiles, openGpu } from "shaderformer";
import { createTrainer, exportModel, freshFolder, openTrainable, type Trainable } from "shaderformer/train";

// A small GPT-2 learns to sort six digits of 0, 1 and 2: after 2 0 1 2 0 1 comes 0 0 1 1 2 2 (minGPT, Karpathy 2020).
const digits = 6;
const sequences = Array.from({ length: 3 ** digits }, (_, n) =>
  Array.from({ length: digits }, (__, i) => Math.floor(n / 3 ** i) % 3),
);
const training = sequences.filter((_, n) => n % 12 > 0);
const heldOut = sequences.filter((_, n) => n % 12 === 0); // the model never sees these

/** Sequences and what follows each token of them; the digits to be sorted, which nothing predicts, do not count. */
function batchOf(inputs: readonly (readonly number[])[]) {
  const rows = inputs.map((input) => [...input, ...input.toSorted()]);
  return {
    ids: rows.map((row) => row.slice(0, -1)),
    targets: rows.map((row) => row.slice(1).map((digit, i) => (i < digits - 1 ? -100 : digit))),
  };
}

/** The share of sequences that a model sorts without a mistake, a digit at a time. */
async function accuracy(gpu: Gpu, learner: Trainable) {
  const model = await loadModel(gpu, openFiles(await exportModel(learner)));
  const { rows } = await model.generate(heldOut, { temperature: 0, maxTokens: digits }).result;
  model.dispose();
  const right = rows.filter(({ tokens }, i) => tokens.join() === heldOut[i]?.toSorted().join());
  return right.length / rows.length;
}

const gpu = await openGpu();
const config = {
  architectures: ["GPT2LMHeadModel"],
  vocab_size: 3,
  n_positions: 2 * digits,
  n_layer: 3,
  n_head: 3,
  n_embd: 48,
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
};
const learner = await openTrainable(gpu, freshFolder(config, { initialiser: "nanogpt", seed: 1 }));
const trainer = createTrainer(learner, {
  optimizer: { name: "adamw", betas: [0.9, 0.95], weightDecay: 0.1 },
  schedule: { name: "constant", learningRate: 1e-3, steps: 2000 },
  clip: 1,
});

let word = 1;
const random = () => {
  word = (word * 16_807) % (2 ** 31 - 1); // Park and Miller 1988
  return word / (2 ** 31 - 1);
};
const start = performance.now();
let right = 0;
while (right < 0.99 && trainer.steps < 2000) {
  for (let i = 0; i < 20; i++) {
    const drawn = Array.from({ length: 64 }, () => training[Math.floor(random() * training.length)] ?? []);
    await trainer.submit(batchOf(drawn));
  }
  const losses = (await trainer.readSteps()).map(({ loss }) => loss);
  right = await accuracy(gpu, learner);
  const loss = losses.at(-1)?.toFixed(3);
  console.log(`step ${trainer.steps}: loss ${loss}, ${(100 * right).toFixed(1)} % of ${heldOut.length} sorted`);
}
console.log(`${((performance.now() - start) / 1000).toFixed(1)} s on ${gpu.adapter.label}`);
trainer.dispose();
learner.dispose();
gpu.close();
