import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quickly, startCli } from "../run-cli.ts";

/** A Llama of one layer, with which a step takes milliseconds. */
export const tinyConfig = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  vocab_size: 300,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  hidden_act: "silu",
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: true,
};

/** A folder for a test's files, with a text of the documentation, a held-out one, and a config. */
export async function trainingFolder() {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-train-"));
  const file = async (name: string, content: string) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const text = await readFile("docs/design.md", "utf8");
  const paragraphs = text.slice(0, 6000).split("\n\n");
  const data = await file("data.txt", paragraphs.join("\n<|endoftext|>\n"));
  const val = await file("val.txt", text.slice(12_000, 12_300));
  const config = await file("config.json", JSON.stringify(tinyConfig));
  const out = (name: string) => join(folder, name);
  return { data, val, config, file, out, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A run of `train` that is ended by a signal at its first line of at least this step; its lines and what it said. */
export async function endedAt(step: number, signal: NodeJS.Signals, args: readonly string[]) {
  const child = startCli(["train", "--json", ...args], {}, quickly);
  child.stdin.end();
  let [stdout, stderr, sent] = ["", "", false];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    const last = stdout.trim().split("\n").at(-1) ?? "";
    if (sent || Number(/"step":(\d+)/.exec(last)?.[1] ?? 0) < step) return;
    sent = true;
    child.kill(signal);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.on("close", (ended) => resolve(ended));
  });
  return { code, stdout, stderr };
}

/** The figures of lines of JSON. */
export const linesOf = (stdout: string): Readonly<Record<string, number>>[] =>
  stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
