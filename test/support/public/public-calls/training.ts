// Calls of what trains models in `shaderformer/train`.
import { type Gpu, openFiles } from "../../../../src/index.ts";
import { createEncoderTokenizer } from "../../../../src/text/encoder-tokenizer.ts";
import * as train from "../../../../src/train/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** A Llama of one layer. */
const config = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  vocab_size: 300,
  max_position_embeddings: 8,
  hidden_size: 16,
  intermediate_size: 16,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 2,
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
};

/** A model that learns, and what trains it. */
export async function learner(gpu: Gpu) {
  const model = await train.openTrainable(gpu, train.freshFolder(config));
  const schedule = { name: "constant", learningRate: 1e-3, steps: 10 } as const;
  const trainer = train.createTrainer(model, { schedule, ema: 0.9 });
  const dispose = () => {
    trainer.dispose();
    model.dispose();
  };
  return { model, trainer, dispose };
}

/** Calls of the functions that train models, and of a trainer's methods, by name. */
export function trainingCalls(
  gpu: Gpu,
  { model, trainer }: Awaited<ReturnType<typeof learner>>,
): Readonly<Record<string, PublicCalls>> {
  const { call, plain } = made(gpu);
  const waiting = (of: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({ of, calls, runs: true });
  const method = (name: keyof train.Trainer, ...calls: PublicCalls["calls"]): PublicCalls => ({
    of: trainer[name],
    on: trainer,
    calls,
    runs: true,
  });
  const schedule = { name: "wsd", learningRate: 1e-3, warmup: 1, steps: 10, final: 0.1, decay: 0.2 };
  const options = {
    schedule,
    clip: 1,
    ema: 0.9,
    dropout: 0.1,
    attentionDropout: 0.1,
    seed: 1,
    recompute: "layers",
    rules: [{ match: /norm/, learningRate: 0.5, weightDecay: 0, frozen: false }],
    routers: { balance: 0.01, z: 0.001, form: "layers", biasRate: 0.001 },
  };
  const optimizers = [
    { name: "adamw", betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 },
    { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 },
    { name: "lion", betas: [0.9, 0.99], weightDecay: 0.1 },
    {
      name: "muon",
      momentum: 0.95,
      nesterov: true,
      weightDecay: 0.1,
      adamw: { learningRate: 0.01, betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 },
    },
  ];
  const tokenizer = {
    vocabulary: 300,
    kind: "decoder" as const,
    special: ["<|a|>", "<|b|>"],
    bos: "<|a|>",
    eos: "<|b|>",
  };
  const trained = train.trainTokenizer(["a text"], tokenizer);
  const encoderFiles = train.trainTokenizer(["a text"], { vocabulary: 300, kind: "encoder" });
  const encoderTokenizer = createEncoderTokenizer(encoderFiles.tokenizer, encoderFiles.config);
  const drawing = { initialiser: "xavier", seed: 1 };
  const document = { where: "here", content: [1, 2, 3, 4, 5] };
  const tokens = { tokens: Uint32Array.of(1, 2, 3, 4, 5), starts: [0, 5], counts: Uint8Array.of(0, 1, 1, 1, 1) };
  const rows = { context: 2, seed: 1 };
  const order = train.randomWindows([tokens], rows);
  const batch = { ids: [[1, 2]], targets: [[2, -100]], documents: [[0, 0]] };
  const onWarning = () => undefined;
  return {
    "train/trainTokenizer": plain(train.trainTokenizer, [["a text"], tokenizer]),
    "train/initialise": plain(train.initialise, [config, drawing]),
    "train/freshFolder": plain(train.freshFolder, [
      config,
      { ...drawing, tokenizer: trained, files: { "generation_config.json": "{}" } },
    ]),
    "train/openTrainable": {
      ...call(train.openTrainable, [
        openFiles({}),
        { onProgress: onWarning, onWarning, signal: new AbortController().signal },
      ]),
      runs: true,
    },
    "train/openTrainableEncoder": {
      ...call(train.openTrainableEncoder, [
        openFiles({}),
        { task: "masked", onProgress: onWarning, onWarning, signal: new AbortController().signal },
      ]),
      runs: true,
    },
    "train/freshHead": waiting(train.freshHead, [
      openFiles({}),
      { task: "classify", labels: ["a", "b"], seed: 1, onWarning, signal: new AbortController().signal },
    ]),
    "train/labelWords": plain(train.labelWords, [encoderTokenizer, "a", [1], { maxTokens: 4 }]),
    "train/maskTokens": plain(train.maskTokens, [
      [[1, 2]],
      { mask: 3, vocabulary: 4, share: 0.5, never: [0], seed: 1, step: 2 },
    ]),
    "train/openTrainableEncoderDecoder": {
      ...call(train.openTrainableEncoderDecoder, [
        openFiles({}),
        { labelSmoothing: 0.1, onProgress: onWarning, onWarning, signal: new AbortController().signal },
      ]),
      runs: true,
    },
    "train/openLora": {
      ...call(
        train.openLora,
        [
          openFiles({}),
          { rank: 2, alpha: 4, rslora: true, targets: ["q_proj"], seed: 1 },
          { onProgress: onWarning, onWarning, signal: new AbortController().signal, dtype: "f16" },
        ],
        [openFiles({}), { rank: 2 }, { weights: "q8_0" }],
      ),
      runs: true,
    },
    "train/readAdapter": waiting(train.readAdapter, [
      openFiles({}),
      { onWarning, signal: new AbortController().signal },
    ]),
    "train/mergeAdapter": waiting(train.mergeAdapter, [
      openFiles({}),
      { config: { rank: 1, alpha: 1, rslora: false }, name: "an adapter", modules: new Map() },
      { onWarning, signal: new AbortController().signal },
    ]),
    "train/readAnswerTemplate": waiting(train.readAnswerTemplate, [
      openFiles({}),
      { chatTemplate: "{{ messages }}", onWarning, signal: new AbortController().signal },
    ]),
    "train/exportModel": waiting(train.exportModel, [model, { parameters: model.parameters }]),
    "train/createTrainer": {
      ...plain(train.createTrainer, ...optimizers.map((optimizer) => [model, { ...options, optimizer }]), [
        model,
        { schedule: () => 1 },
      ]),
      runs: true, // what it keeps is freed with it alone
    },
    "train/tokenise": waiting(train.tokenise, [
      [document, "text"],
      { tokenizer: model.folder.tokenizer, vocabulary: 300, onProgress: onWarning },
    ]),
    "train/readDocuments": plain(train.readDocuments, ["a.txt", new TextEncoder().encode("text")]),
    "train/splitHeldOut": plain(train.splitHeldOut, [[document, "text"], 0.5]),
    "train/randomWindows": plain(train.randomWindows, [[{ ...tokens, weight: 2 }], rows]),
    "train/shuffledEpochs": plain(train.shuffledEpochs, [tokens, { ...rows, packing: "documents" }]),
    "train/allWindows": plain(train.allWindows, [tokens, 2]),
    "train/pairBatch": plain(train.pairBatch, [[{ source: [1, 2], target: [3, 4] }], { start: 0 }]),
    "train/batchesAt": plain(train.batchesAt, [order, 0, { batch: 1, accumulate: 2 }]),
    "train/heldOutLoss": waiting(train.heldOutLoss, [
      trainer,
      [{ ids: [1, 2], targets: [2, -100], documents: [0, 0] }],
      { batch: 1, averaged: true },
    ]),
    "train/saveCheckpoint": waiting(train.saveCheckpoint, [
      trainer,
      { position: 8, history: [], settings: { of: "mine" } },
    ]),
    "train/loadCheckpoint": waiting(train.loadCheckpoint, [trainer, new Blob()]),
    "train/memoryUse": plain(train.memoryUse, [trainer.program({ batch: 1, context: 2 })]),
    "train/Trainer.step": method("step", [batch], [[batch, batch]]),
    "train/Trainer.submit": method("submit", [batch], [[batch, batch]]),
    "train/Trainer.evaluate": method("evaluate", [batch, { averaged: true }]),
    "train/Trainer.program": method("program", [{ batch: 1, context: 2 }]),
    "train/Trainer.restore": method("restore", [{}, { step: 1 }]),
  };
}
