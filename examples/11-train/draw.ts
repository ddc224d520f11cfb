import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTokenizer } from "shaderformer";
import { freshFolder, randomWindows, readDocuments, tokenise } from "shaderformer/train";

/** The first steps of a training. */
export interface FirstSteps {
  /** The model's `config.json`. */
  readonly config: string;
  /** Files of documents, and how often rows are drawn of each. */
  readonly training: readonly string[];
  readonly weights: readonly number[];
  readonly steps: number;
  readonly batch: number;
  readonly context: number;
}

const tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"];

/**
 * Writes the fresh model that `train --seed 1` begins with, and the batches of its first steps as `train --batches` reads
 * them, into a folder: so that others can train the same model on the same tokens.
 */
export async function drawFirstSteps(folder: string, first: FirstSteps): Promise<void> {
  const { training, weights, steps, batch, context } = first;
  const config = JSON.parse(readFileSync(first.config, "utf8"));
  const text = (name: string) => readFileSync(join("examples/models/voices-dense", name), "utf8");
  const texts = Object.fromEntries(tokenizerFiles.map((name) => [name, text(name)]));
  const fresh = freshFolder(config, { seed: 1, files: texts });
  mkdirSync(folder, { recursive: true });
  for (const file of ["config.json", "model.safetensors", ...tokenizerFiles]) {
    writeFileSync(join(folder, file), await fresh.read(file, 0, await fresh.size(file)));
  }
  const tokenizer = createTokenizer(JSON.parse(text("tokenizer.json")), JSON.parse(text("tokenizer_config.json")));
  const documents = [];
  for (const [i, file] of training.entries()) {
    const tokens = await tokenise(readDocuments(file, readFileSync(file)), {
      tokenizer,
      vocabulary: config.vocab_size,
    });
    documents.push({ ...tokens, weight: weights[i] });
  }
  const rows = randomWindows(documents, { context, seed: 1 });
  const batches = Array.from({ length: steps }, (_, step) => {
    const drawn = Array.from({ length: batch }, (__, i) => rows.row(step * batch + i));
    return { inputs: drawn.map(({ ids }) => ids), targets: drawn.map(({ targets }) => targets) };
  });
  writeFileSync(join(folder, "batches.json"), JSON.stringify({ batches }));
}
