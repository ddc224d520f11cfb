// Trains a small language model of up to four voices: prepares their texts, runs `shaderformer train`, measures what came of it.
//   npm run example -- 11-train [CORPUS] [nano|dense|moe] [options of train, such as --steps 30]
//   npm run example -- 11-train [CORPUS] [nano|dense|moe] --first 300
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeCard } from "./card.ts";
import { drawFirstSteps } from "./draw.ts";

/** The voices, and how often rows are drawn of each: more often than their texts are long, the smaller ones. */
const shares = { scripture: 0.3, whale: 0.15, union: 0.4, jargon: 0.15 };

/** Sizes of a model with the settings of their training. */
const sizes = {
  nano: { config: "examples/11-train/nano.json", steps: 3600, batch: 16, context: 128, lr: 4e-3, warmup: 100 },
  dense: {
    config: "examples/models/voices-dense/config.json",
    steps: 3560,
    batch: 16,
    context: 256,
    lr: 3e-3,
    warmup: 100,
  },
  moe: {
    config: "examples/models/voices-moe/config.json",
    steps: 3560,
    batch: 16,
    context: 256,
    lr: 3e-3,
    warmup: 100,
  },
};

/** Steps for the bundled chapters, which are few: with more of them the model learns them by heart. */
const few = { steps: 400, warmup: 40 };

const args = process.argv.slice(3);
const isSize = (word = ""): word is keyof typeof sizes => Object.keys(sizes).includes(word);
const own = args[0] !== undefined && !isSize(args[0]) && !args[0].startsWith("-") ? args.shift() : undefined;
const size = isSize(args[0]) ? args[0] : "nano";
const more = isSize(args[0]) ? args.slice(1) : args;
const corpus = own ?? "examples/11-train/texts";
const voices = Object.keys(shares).filter((voice) => existsSync(join(corpus, `${voice}.train.txt`)));
if (voices.length === 0) {
  throw new Error(`${corpus} has no texts such as whale.train.txt: npm run example -- 11-train [CORPUS]`);
}
const weights = voices.map((voice) => shares[voice as keyof typeof shares]);
const named = `${own === undefined ? "whale" : "voices"}-${size}`;
const given = (option: string) => (more.includes(option) ? more[more.indexOf(option) + 1] : undefined);
const out = given("--out") ?? join(".cache", named);
const folder = `${out}-texts`;
mkdirSync(folder, { recursive: true });

/** A document begins with the token of its voice: `<|bos|><|whale|>text<|eos|>`, of which the tokenizer adds the outer two. */
function prepare(voice: string, part: "train" | "val"): string {
  const texts = readFileSync(join(corpus, `${voice}.${part}.txt`), "utf8").split("\n<|endoftext|>\n");
  const lines = texts.map((text) => JSON.stringify({ text: `<|${voice}|>${text.trim()}` }));
  const file = join(folder, `${voice}.${part}.jsonl`);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

const cli = fileURLToPath(import.meta.resolve("shaderformer/cli"));
const { config, ...usual } = sizes[size];
const numbers = own === undefined ? { ...usual, ...few } : usual;
const training = voices.map((voice) => prepare(voice, "train"));
if (more.includes("--first")) {
  const numberOf = (option: string, usual?: number) => {
    const number = Number(given(option) ?? usual);
    if (Number.isInteger(number) && number >= 1) return number;
    throw new Error(`${option} is ${given(option)}, expected a number from 1`);
  };
  // The beginning of this training as files, for a comparison: no step is taken.
  const first = numberOf("--first");
  const [batch, context] = [numberOf("--batch", numbers.batch), numberOf("--context", numbers.context)];
  await drawFirstSteps(`${out}-first`, { config, training, weights, steps: first, batch, context });
  console.log(`${out}-first: a fresh model, and the batches of its first steps: ${first}`);
  process.exit(0);
}
const heldOut = voices.map((voice) => prepare(voice, "val"));
const settings = Object.entries(numbers).flatMap(([option, value]) => [`--${option}`, String(value)]);
const begun = performance.now();
const { status } = spawnSync(
  process.execPath,
  [
    ...[cli, "train", "--config", config, "--tokenizer", "examples/models/voices-dense", "--out", out],
    ...["--data", ...training, "--weights", weights.join(","), "--val", ...heldOut],
    ...["--schedule", "cosine", "--betas", "0.9,0.95", "--weight-decay", "0.1", "--clip", "1", "--seed", "1"],
    ...["--save-every", "200", ...settings, ...more],
  ],
  { stdio: "inherit" },
);
if (status !== 0 || !existsSync(join(out, "model.safetensors"))) process.exit(status ?? 1);
const minutes = more.includes("--resume") ? undefined : (performance.now() - begun) / 60_000;

// Nats a token of each voice's held-out documents, its own token given.
const losses: Record<string, number> = {};
for (const voice of voices) {
  const text = join(corpus, `${voice}.val.txt`);
  const rest = [
    "--prefix",
    `<|${voice}|>`,
    "--separator",
    "<|endoftext|>",
    "--window",
    String(numbers.context),
    "--json",
  ];
  const answer = execFileSync(process.execPath, [cli, "perplexity", "--model", out, "--text", text, ...rest]);
  losses[voice] = JSON.parse(answer.toString()).natsPerToken;
  console.log(`${voice}: ${losses[voice]?.toFixed(2)} nats a token`);
}
writeCard(out, { name: named, losses, minutes });
