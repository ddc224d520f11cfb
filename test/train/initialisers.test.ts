import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { crossEntropy } from "../../src/reference/cross-entropy.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { gemma } from "../../src/reference/models/gemma.ts";
import { gpt2 } from "../../src/reference/models/gpt.ts";
import { llama } from "../../src/reference/models/transformer.ts";
import { freshFolder } from "../../src/train/initialisers/fresh-folder.ts";
import { type FreshTensor, initialise } from "../../src/train/initialisers/initialise.ts";
import { numbersOf } from "../../src/train/initialisers/random-numbers.ts";
import type { Initialiser } from "../../src/train/initialisers/schemes.ts";
import type { TokenBatch } from "../../src/train/objectives/token-batches.ts";
import { openTrainable } from "../../src/train/open/open-trainable.ts";
import { constant } from "../../src/train/schedules.ts";
import { Trainer } from "../../src/train/trainer/trainer.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();

const gpt = (width: number, vocabulary = 65, layers = 2) => ({
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  vocab_size: vocabulary,
  n_embd: width,
  n_head: width / 8,
  n_layer: layers,
  n_positions: 32,
  layer_norm_epsilon: 1e-5,
});
const base = {
  vocab_size: 65,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  max_position_embeddings: 16,
  rms_norm_eps: 1e-6,
  rope_theta: 10000,
};
const families = {
  llama: { ...base, architectures: ["LlamaForCausalLM"], model_type: "llama" },
  qwen3: { ...base, architectures: ["Qwen3ForCausalLM"], model_type: "qwen3", tie_word_embeddings: true },
  gemma2: {
    ...base,
    architectures: ["Gemma2ForCausalLM"],
    model_type: "gemma2",
    query_pre_attn_scalar: 8,
    sliding_window: 4,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    layer_types: ["sliding_attention", "full_attention"],
  },
} as const;

const batch = {
  ids: [Array.from({ length: 16 }, (_, i) => (i * 29 + 3) % 65)],
  targets: [Array.from({ length: 16 }, (_, i) => (i * 17 + 11) % 65)],
};

/** Tokens drawn evenly: 128, since the loss of few targets is far from its mean. */
function evenBatch(vocabulary: number) {
  const { uniform } = numbersOf(1, "batch");
  const rows = (of: number) =>
    Array.from({ length: 4 }, (_, row) =>
      Array.from({ length: 32 }, (_, i) => Math.floor(uniform(2 * (row * 32 + i) + of) * vocabulary)),
    );
  return { ids: rows(0), targets: rows(1) };
}

/** The loss of a fresh model before the first step. */
async function lossOf(
  config: Readonly<Record<string, unknown>>,
  initialiser: Initialiser,
  tokens: TokenBatch = batch,
): Promise<number> {
  const trainable = await openTrainable(gpu, freshFolder(config, { initialiser, seed: 3 }));
  const schedule = constant.of({ learningRate: 1e-3, steps: 1 });
  const trainer = new Trainer(trainable.objective, trainable.parameters, { schedule });
  const { loss } = await trainer.evaluate(tokens);
  trainer.dispose();
  trainable.dispose();
  return loss;
}

const weightsOf = (tensors: ReadonlyMap<string, FreshTensor>): Record<string, Dense> =>
  Object.fromEntries([...tensors].map(([name, { shape, values }]) => [name, dense(shape, values)]));

/** The same loss in float64. */
function exactLoss(config: Readonly<Record<string, unknown>>, initialiser: Initialiser): number {
  const weights = weightsOf(initialise(config, { initialiser, seed: 3 }));
  const [row = [], targets = []] = [batch.ids[0], batch.targets[0]];
  const ids = dense([row.length], row);
  const table = () => {
    const values = ropeTable({ theta: 10000, width: 8, scaling: { kind: "none" }, positions: 16 });
    return dense([16, 4, 2], values);
  };
  const of = {
    gpt2: () => gpt2({ ids, weights }, config as never),
    gemma2: () => gemma({ ids, weights, table: table(), local: table() }, config as never),
  };
  const { logits } = (
    of[config["model_type"] as keyof typeof of] ?? (() => llama({ ids, weights }, config as never))
  )();
  return crossEntropy({ logits, targets: dense([targets.length], targets) }).loss.values[0] ?? Number.NaN;
}

test.each(["gpt2", "nanogpt"] as const)("%s: the loss at step 0 is ln V, at widths up to 256", async (initialiser) => {
  for (const [width, vocabulary, layers] of [
    [64, 65, 2],
    [256, 1000, 1],
  ] as const) {
    const loss = await lossOf(gpt(width, vocabulary, layers), initialiser, evenBatch(vocabulary));
    console.log(`${initialiser}, width ${width}, V ${vocabulary}: ln V + ${(loss - Math.log(vocabulary)).toFixed(3)}`);
    expect(Math.abs(loss - Math.log(vocabulary)), `width ${width}`).toBeLessThan(0.1);
  }
});

const initialisers = ["nanogpt", "llama", "t5", "xavier", "kaiming", "orthogonal"] as const;
test.each(initialisers.map((initialiser, i) => [initialiser, i] as const))(
  "%s: the loss at step 0 is that of float64 on the same weights",
  async (initialiser, i) => {
    // One in every family, each of the others in one.
    const all = [gpt(32), ...Object.values(families)];
    for (const config of all.filter((_, at) => i === 0 || at === i % all.length)) {
      const [loss, exact] = [await lossOf(config, initialiser), exactLoss(config, initialiser)];
      expect(Math.abs(loss - exact), config.model_type).toBeLessThan(1e-3);
    }
  },
);

// Gradients of the first three are PyTorch's: they take no steps here.
test.each(["mixtral", "deepseek", "gpt-oss", "olmoe", "qwen2-moe"])(
  "%s: a fresh model of its config begins at ln V, or trains",
  async (name) => {
    const folder = existsSync(`test/golden/gradients-${name}`) ? `gradients-${name}` : name;
    const config = JSON.parse(readFileSync(`test/golden/${folder}/config.json`, "utf8"));
    const trainable = await openTrainable(gpu, freshFolder(config, { seed: 5 }));
    const schedule = constant.of({ learningRate: 1e-2, steps: 30 });
    const trainer = new Trainer(trainable.objective, trainable.parameters, { schedule });
    const row = Array.from({ length: 8 }, (_, i) => (i * 7 + 3) % config.vocab_size);
    const tokens = { ids: [row], targets: [[...row.slice(1), 0]] };
    const { loss: before } = await trainer.evaluate(tokens);
    expect(Math.abs(before - Math.log(config.vocab_size))).toBeLessThan(0.1);
    if (folder === name) {
      for (let i = 0; i < 30; i++) await trainer.submit(tokens);
      expect((await trainer.readSteps()).at(-1)?.loss).toBeLessThan(0.2 * before);
    }
    trainer.dispose();
    trainable.dispose();
  },
);

const deviation = (values: Iterable<number>) => {
  const all = [...values];
  return Math.sqrt(all.reduce((sum, value) => sum + value * value, 0) / all.length);
};

test("what each scheme draws", () => {
  const of = (config: Readonly<Record<string, unknown>>, initialiser: Initialiser, name: string) =>
    initialise(config, { initialiser }).get(name)?.values ?? new Float32Array();
  const close = (found: number, expected: number) => expect(Math.abs(found / expected - 1)).toBeLessThan(0.05);
  const small = gpt(64);
  close(deviation(of(small, "gpt2", "transformer.wte.weight")), 0.02);
  close(deviation(of(small, "gpt2", "transformer.wpe.weight")), 0.01);
  close(deviation(of(small, "nanogpt", "transformer.wpe.weight")), 0.02);
  close(deviation(of(small, "gpt2", "transformer.h.0.attn.c_attn.weight")), 0.02);
  close(deviation(of(small, "gpt2", "transformer.h.1.mlp.c_proj.weight")), 0.02 / 2);
  close(deviation(of({ ...small, initializer_range: 0.1 }, "llama", "transformer.wte.weight")), 0.1);
  close(deviation(of(small, "t5", "transformer.h.0.mlp.c_proj.weight")), 1 / 16);
  close(deviation(of(small, "kaiming", "transformer.h.0.mlp.c_fc.weight")), Math.sqrt(2 / 64));
  const uniform = of(small, "xavier", "transformer.h.0.mlp.c_fc.weight");
  const bound = Math.sqrt(6 / (64 + 256));
  close(deviation(uniform), bound / Math.sqrt(3));
  close(Math.max(...uniform), bound);
  expect(Math.max(...uniform)).toBeLessThanOrEqual(bound);

  expect(new Set(of(small, "gpt2", "transformer.ln_f.weight"))).toEqual(new Set([1]));
  expect(new Set(of(small, "gpt2", "transformer.h.0.attn.c_attn.bias"))).toEqual(new Set([0]));
  expect(new Set(of(families.gemma2, "llama", "model.norm.weight"))).toEqual(new Set([0])); // stored less 1
});

test("orthogonal: each weight by itself, where a tensor holds three; rows or columns, whichever are fewer", () => {
  const tensors = initialise(gpt(16), { initialiser: "orthogonal" });
  const isIdentity = (count: number, at: (i: number, k: number) => number, width: number) => {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < width; k++) dot += at(i, k) * at(j, k);
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-6);
      }
    }
  };
  const stored = (name: string) => tensors.get(`transformer.h.0.${name}.weight`)?.values ?? new Float32Array();
  for (const third of [0, 16, 32]) isIdentity(16, (i, k) => stored("attn.c_attn")[k * 48 + third + i] ?? 0, 16);
  isIdentity(16, (i, k) => stored("mlp.c_fc")[i * 64 + k] ?? 0, 64); // [in, out]: the inputs are fewer
  isIdentity(16, (i, k) => stored("mlp.c_proj")[k * 16 + i] ?? 0, 64);
});

test("a fresh model: the same for the same seed, names and shapes of every family, a tokenizer of bytes", async () => {
  const read = async (seed: number) => {
    const folder = freshFolder(families.qwen3, { seed });
    return await folder.read("model.safetensors", 0, await folder.size("model.safetensors"));
  };
  expect(await read(1)).toEqual(await read(1));
  expect(await read(1)).not.toEqual(await read(2));
  // A layer more does not change the others.
  const [two, three] = [initialise(gpt(32)), initialise(gpt(32, 65, 3), {})];
  expect(three.get("transformer.h.1.attn.c_attn.weight")?.values).toEqual(
    two.get("transformer.h.1.attn.c_attn.weight")?.values,
  );
  const trainable = await openTrainable(gpu, freshFolder({ ...gpt(32, 300) }));
  expect(trainable.folder.tokenizer.encode("Whale ")).toEqual([...new TextEncoder().encode("Whale ")]);
  trainable.dispose();
  const given = freshFolder(gpt(32), { files: { "tokenizer.json": "{}" } });
  await expect(openTrainable(gpu, given)).rejects.toThrow("tokenizer.json");
});
