import { randomSource } from "../../src/check/random.ts";
import type { Weights } from "../../src/formats/weights.ts";
import {
  type CacheFormat,
  type DType,
  type LanguageModel,
  loadPackedFormats,
  storageFormats,
} from "../../src/index.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type LlamaConfig, llamaOf } from "../../src/reference/transformer.ts";
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
  LlamaForCausalLM: "llama",
  MistralForCausalLM: "mistral",
  Qwen2ForCausalLM: "qwen2",
  Qwen3ForCausalLM: "qwen3",
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
  const format = model.programs.cache.dtype ?? "f32";
  const expected = await referenceScores(files, ids, format);
  if (!expected) return { ...steps, verdict: "pass", reason: null };
  const rounded = format === "f32" ? "" : ` with a cache of ${format}`;
  const checked = `${together.length} log-probabilities against float64${rounded}, ${steps.checked}`;
  const wrong = farthest(together, expected.scores);
  if (wrong.error <= tolerance + 2 * expected.uncertainty)
    return { verdict: "pass", checked, error: wrong.error, reason: null };
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

/** Keys or values `[1, t, heads, d]` as a cache of this format keeps them. */
function cached(x: Dense, format: CacheFormat): Dense {
  const { encode, decode } = storageFormats[format];
  const width = x.shape.at(-1) ?? 1;
  return dense(x.shape, decode(encode(x.values, width), width));
}

/** What arithmetic in f32 makes of keys and values before they are rounded, as a share of them. */
const rounding = 1e-6;

interface ReferenceScores {
  /** The log-probability of each id but the first. */
  readonly scores: readonly number[];
  /**
   * How far they move, as `tolerance` counts, when each key and value is off by `rounding` before the cache rounds it:
   * some are then rounded the other way, a thousand times as far, which in the next layer moves more of them. 0 for f32.
   */
  readonly uncertainty: number;
}

/** Scores in float64 with keys and values as the cache keeps them; undefined where not known or where it takes long. */
async function referenceScores(
  files: CheckedFiles,
  ids: readonly number[],
  format: CacheFormat,
): Promise<ReferenceScores | undefined> {
  const { weights, dtype, parameters } = files;
  const config = files.config as LlamaConfig & Readonly<Record<string, unknown>>;
  const family = known[String([config["architectures"]].flat()[0])];
  if (family === undefined || config["rope_scaling"] || config["rope_parameters"]) return undefined;
  if (dtype === "several" || parameters > mostWeights) return undefined;
  await loadPackedFormats();
  const tensors = {
    ids: dense([ids.length], ids),
    weights: await denseWeights(weights, storageFormats, dtype),
  };
  const scoresOf = (kept: (x: Dense) => Dense) =>
    logProbabilities(llamaOf(tensors, { ...config, model_type: family }, { cached: kept }).logits, ids);
  const scores = scoresOf((x) => cached(x, format));
  if (format === "f32") return { scores, uncertainty: 0 };
  const random = randomSource(1);
  const moved = (x: Dense) =>
    dense(
      x.shape,
      x.values.map((value) => value * (1 + rounding * (2 * random.uniform() - 1))),
    );
  const others = scoresOf((x) => cached(moved(x), format));
  return { scores, uncertainty: farthest(others, scores).error };
}

/** Log-probability of each id but the first; logits `[t, v]`. */
function logProbabilities(logits: Dense, ids: readonly number[]): number[] {
  const [, vocabulary = 0] = logits.shape;
  return ids.slice(1).map((id, i) => {
    const row = logits.values.subarray(i * vocabulary, (i + 1) * vocabulary);
    const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    return (row[id] ?? Number.NaN) - most - Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
  });
}
