import type { Weights } from "../../src/formats/weights.ts";
import { type DType, type LanguageModel, loadPackedFormats, storageFormats } from "../../src/index.ts";
import { dense } from "../../src/reference/dense.ts";
import { type LlamaConfig, llama } from "../../src/reference/transformer.ts";
import { denseWeights } from "../harness/dense-weights.ts";
import type { ModelCheck } from "./result.ts";
import { someTokens } from "./tokens.ts";

/** Tokens of the prompt that is checked, and tokens that are generated after it. */
const [checkedPrompt, checkedSteps] = [12, 8];
/** Weights of the largest model that is compared with float64: about ten seconds. */
const mostWeights = 250e6;
/** Largest difference of a log-probability, as a share of it from 1 nat on. Rounding to f32 makes about a millionth. */
const tolerance = 1e-4;

/** Families whose whole forward pass the reference has. */
const known: Readonly<Record<string, string>> = {
  ...{ LlamaForCausalLM: "llama", MistralForCausalLM: "mistral" },
  ...{ Qwen2ForCausalLM: "qwen2", Qwen3ForCausalLM: "qwen3" },
};

/** What a model was loaded from. */
export interface CheckedFiles {
  /** A parsed `config.json`. */
  readonly config: unknown;
  readonly weights: Weights;
  /** Number of weights. */
  readonly parameters: number;
  /** The type that matrices were converted to when they were loaded; "several": by a recipe, so that float64 is not known. */
  readonly dtype?: DType | "several" | undefined;
}

/**
 * Checks a loaded model: that tokens have the log-probabilities step by step that they have when all are read at once,
 * and, where the reference knows the family and the model is small, that these are those of float64.
 */
export async function checkModel(model: LanguageModel, files: CheckedFiles): Promise<ModelCheck> {
  const prompt = someTokens(checkedPrompt, model.decoder.config.vocabulary, 3);
  const options = { temperature: 0, maxTokens: checkedSteps, ignoreEos: true, logprobs: 1 };
  const tokens: number[] = [];
  const stepwise: number[] = [];
  for await (const { token, logprob } of model.generate(prompt, options)) {
    if (token === undefined) continue; // the text's end
    tokens.push(token);
    stepwise.push(logprob ?? Number.NaN);
  }
  const ids = [...prompt, ...tokens];
  const together = [...(await model.score(ids))];
  const steps = { checked: `${tokens.length} decode steps against a prefill`, error: null };
  const wrongStep = farthest(stepwise, together.slice(-tokens.length));
  if (!(wrongStep.error <= tolerance)) {
    return { ...steps, verdict: "fail", reason: `decode step ${wrongStep.at + 1} ${wrongStep.what}` };
  }
  const expected = await referenceScores(files, ids);
  if (!expected) return { ...steps, verdict: "pass", reason: null };
  const checked = `${together.length} log-probabilities against float64, ${steps.checked}`;
  const wrong = farthest(together, expected);
  if (wrong.error <= tolerance) return { verdict: "pass", checked, error: wrong.error, reason: null };
  return { verdict: "fail", checked, error: wrong.error, reason: `token ${wrong.at + 2} ${wrong.what}` };
}

/** Whether another engine chose the same greedy tokens. */
export function comparedTokens(expected: readonly number[], actual: unknown): ModelCheck {
  const tokens = Array.isArray(actual) ? actual : [];
  const checked = `${expected.length} greedy tokens against this engine's, in Node`;
  const at = expected.findIndex((token, i) => token !== tokens[i]);
  if (at < 0) return { verdict: "pass", checked, error: null, reason: null };
  const reason = `greedy token ${at + 1} is ${tokens[at] ?? "missing"}, this engine's in Node is ${expected[at]}`;
  return { verdict: "fail", checked, error: null, reason };
}

/** Where two lists differ most, of numbers above 1 as a share. */
function farthest(actual: readonly number[], expected: readonly number[]) {
  const errors = expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)) / Math.max(1, Math.abs(value)));
  const missing = errors.findIndex(Number.isNaN);
  const at = missing >= 0 ? missing : errors.indexOf(Math.max(...errors));
  return {
    at,
    error: errors[at] ?? Number.NaN,
    what: `has the log-probability ${actual[at]}, expected ${expected[at]}`,
  };
}

/** Log-probability of each id but the first in float64; undefined where that is not known or would take long. */
async function referenceScores(files: CheckedFiles, ids: readonly number[]): Promise<number[] | undefined> {
  const { weights, dtype, parameters } = files;
  const config = files.config as LlamaConfig & Readonly<Record<string, unknown>>;
  const family = known[String([config["architectures"]].flat()[0])];
  if (family === undefined || config["rope_scaling"] || config["rope_parameters"]) return undefined;
  if (dtype === "several" || parameters > mostWeights) return undefined;
  await loadPackedFormats();
  const { logits } = llama(
    { ids: dense([ids.length], ids), weights: await denseWeights(weights, storageFormats, dtype) },
    { ...config, model_type: family },
  );
  const [, vocabulary = 0] = logits.shape;
  return ids.slice(1).map((id, i) => {
    const row = logits.values.subarray(i * vocabulary, (i + 1) * vocabulary);
    const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return (row[id] ?? Number.NaN) - most - Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  });
}
