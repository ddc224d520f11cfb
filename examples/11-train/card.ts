// The card of a trained model, with its loss curve, from the checkpoint that training leaves.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What the card says that the checkpoint does not know. */
export interface Trained {
  readonly name: string;
  /** Held out, in nats a token, by voice. */
  readonly losses: Readonly<Record<string, number>>;
  /** How long the training took, where it ran in one piece. */
  readonly minutes: number | undefined;
}

interface Header {
  readonly __metadata__: { readonly "shaderformer.training": string };
  readonly history: { readonly shape: [number, number]; readonly data_offsets: [number, number] };
}

/** The record of a checkpoint, and the loss of each of its steps. */
function readHistory(file: string) {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header: Header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const begin = 8 + length + header.history.data_offsets[0];
  const losses = Array.from({ length: header.history.shape[0] }, (_, i) => bytes.readFloatLE(begin + 12 * i));
  return { record: JSON.parse(header.__metadata__["shaderformer.training"]), losses };
}

/** What a voice learnt from. */
const texts: Readonly<Record<string, string>> = {
  scripture: "the King James Bible (under Crown privilege in the United Kingdom)",
  whale: "*Moby Dick*",
  union: "State of the Union addresses",
  jargon: "the Jargon File",
};

const [width, height, margin] = [640, 320, 40];

/** The losses as a curve, each point the mean of a few steps. */
function curve(losses: readonly number[]): string {
  const group = Math.max(1, Math.ceil(losses.length / 200));
  const points = Array.from({ length: Math.floor(losses.length / group) }, (_, i) => {
    const part = losses.slice(i * group, (i + 1) * group);
    return part.reduce((sum, loss) => sum + loss, 0) / part.length;
  });
  const [low, high] = [Math.floor(Math.min(...points)), Math.ceil(Math.max(...points))];
  const y = (loss: number) => margin + ((high - loss) / (high - low)) * (height - 2 * margin);
  const x = (i: number) => margin + (i / Math.max(1, points.length - 1)) * (width - 2 * margin);
  const path = points.map((loss, i) => `${i === 0 ? "M" : "L"}${x(i).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
  const grid = Array.from({ length: high - low + 1 }, (_, i) => low + i).map(
    (loss) =>
      `<path d="M${margin} ${y(loss)}H${width - margin}" stroke="#ccc"/><text x="8" y="${y(loss) + 4}">${loss}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
${grid.join("\n")}
<path d="${path}" fill="none" stroke="#06c" stroke-width="2"/>
<text x="${margin}" y="${height - 12}">nats a token over ${losses.length} steps</text>
</svg>
`;
}

/** The sizes of a model, of its `config.json`. */
function sizesOf(folder: string, context: number): string {
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const { num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: dim } = config;
  return `| architecture | \`${config.architectures[0]}\`: ${config.num_hidden_layers} layers, width ${config.hidden_size}, ${heads} query heads on ${kvHeads} key/value heads of ${dim} |
| vocabulary, context | ${config.vocab_size} byte-level BPE tokens; ${config.max_position_embeddings} positions (trained on windows of ${context}) |
| weights | f32, ${(statSync(join(folder, "model.safetensors")).size / 1e6).toFixed(1)} MB |`;
}

/** Writes `README.md`, `loss.svg` and `generation_config.json`, how its texts are drawn, into a model's folder. */
export function writeCard(folder: string, { name, losses, minutes }: Trained): void {
  const { record, losses: curveOf } = readHistory(join(folder, "checkpoint.safetensors"));
  const { batch, context, accumulate, optimizer, lr, warmup, schedule, seed } = record.settings;
  const tokens = record.step * batch * accumulate * context;
  writeFileSync(join(folder, "loss.svg"), curve(curveOf));
  const drawing = {
    bos_token_id: 0,
    eos_token_id: 1,
    do_sample: true,
    temperature: 0.8,
    top_k: 40,
    max_new_tokens: 200,
  };
  writeFileSync(join(folder, "generation_config.json"), `${JSON.stringify(drawing)}\n`);
  writeFileSync(
    join(folder, "README.md"),
    `# ${name}

A language model ${Object.keys(losses).length > 1 ? "that speaks in several voices" : "with one voice"}, trained by Shaderformer itself with [this script](../../11-train).

| | |
|---|---|
${sizesOf(folder, context)}
| training | ${record.step} steps of ${batch * accumulate} × ${context} tokens, ${(tokens / 1e6).toFixed(2)} M together${minutes === undefined ? "" : `, in ${Math.round(minutes)} minutes`}, on ${record.adapter} |
| optimizer | ${optimizer}, learning rate ${lr}, warm-up ${warmup}, ${schedule}, seed ${seed} |
| held-out loss, nats a token | ${Object.entries(losses)
      .map(([voice, loss]) => `${voice} ${loss.toFixed(2)}`)
      .join(", ")} |

![Loss while it was trained](loss.svg)

**Texts**, all public domain: ${Object.keys(losses)
      .map((voice) => `${texts[voice]} (\`<|${voice}|>\`)`)
      .join(", ")}. Some documents were held out.

**Prompts** begin with a voice, for example \`<|whale|>The sea was\`. It has a voice, not knowledge, and repeats the views of
its sources.
`,
  );
}
