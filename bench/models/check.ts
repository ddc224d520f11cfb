import { randomSource } from "../../src/check/random.ts";
import type { Weights } from "../../src/formats/weights.ts";
import {
  type CacheFormat,
  type DType,
  type LanguageModel,
  loadPackedFormats,
  storageFormats,
} from "../../src/index.ts";
import { hadamard } from "../../src/reference/attention/hadamard.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type LlamaConfig, llamaOf } from "../../src/reference/models/transformer.ts";
import { denseWeights } from "../harness/dense-weights.ts";
import type { ModelCheck } from "./result.ts";
import { someTokens } from "./tokens.ts";

/** Tokens of the checked prompt, and tokens generated after it. */
const [checkedPrompt, checkedSteps] = [12, 8];
/** Weights of the largest model compared with float64: about ten seconds. */
const maxWeights = 250e6;
/**
 * Largest difference of a log-probability, relative to it above 1 nat. Rounding to f32 contributes about a millionth.
 */
const tolerance = 1e-4;

/** Families whose whole forward pass is in the reference. */
const known: Readonly<Record<string, string>> = {
  LlamaForCausalLM: "llama",
  MistralForCausalLM: "mistral",
  Qwen2ForCausalLM: "qwen2",
  Qwen3ForCausalLM: "qwen3",
};

/** The source of a model. */
export interface CheckedFiles {
  /** A parsed `config.json`. */
  readonly config: unknown;
  readonly weights: Weights;
  /** Number of weights. */
  readonly parameters: number;
  /** The type to which matrices were converted on load; "several": by a recipe, so that float64 is unknown. */
  readonly dtype?: DType | "several" | undefined;
}

/**
 * Checks a loaded model: that tokens have the same log-probabilities step by step as in one prefill and, if the
 * reference knows the family and the model is small, that these match float64.
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
  const { dtype: format = "f32", rotate } = model.programs.cache;
  const expected = await referenceScores(files, ids, { format, rotate });
  if (!expected) return { ...steps, verdict: "pass", reason: null };
  const rounded = format === "f32" ? "" : ` with a ${rotate ? "rotated " : ""}cache of ${format}`;
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

/** The largest difference of two lists, relative for numbers above 1. */
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

/** How a cache stores keys and values. */
interface Stored {
  readonly format: CacheFormat;
  readonly rotate: boolean | undefined;
}

/** Keys or values `[1, t, heads, d]` as a cache stores them, rotated back where it holds them rotated. */
function cached(x: Dense, { format, rotate }: Stored): Dense {
  const { encode, decode } = storageFormats[format];
  const width = x.shape.at(-1) ?? 1;
  const rotated = (of: Dense) => (rotate ? hadamard({ x: of }).y : of); // its own inverse
  return rotated(dense(x.shape, decode(encode(rotated(x).values, width), width)));
}

/** The relative error of keys and values from f32 arithmetic, before they are rounded. */
const rounding = 1e-6;

interface ReferenceScores {
  /** The log-probability of each id but the first. */
  readonly scores: readonly number[];
  /**
   * How far they move, in units of `tolerance`, if each key and value is off by `rounding` before the cache rounds it:
   * some then round the other way, a thousand times as far, which moves more of them in the next layer. 0 for f32.
   */
  readonly uncertainty: number;
}

/** Scores in float64 with keys and values as stored in the cache; undefined if unknown or too slow. */
async function referenceScores(
  files: CheckedFiles,
  ids: readonly number[],
  stored: Stored,
): Promise<ReferenceScores | undefined> {
  const { weights, dtype, parameters } = files;
  const config = files.config as LlamaConfig & Readonly<Record<string, unknown>>;
  const family = known[String([config["architectures"]].flat()[0])];
  if (family === undefined || config["rope_scaling"] || config["rope_parameters"]) return undefined;
  if (dtype === "several" || parameters > maxWeights) return undefined;
  await loadPackedFormats();
  const tensors = {
    ids: dense([ids.length], ids),
    weights: await denseWeights(weights, storageFormats, dtype),
  };
  const scoresOf = (kept: (x: Dense) => Dense) =>
    logProbabilities(llamaOf(tensors, { ...config, model_type: family }, { cached: kept }).logits, ids);
  const scores = scoresOf((x) => cached(x, stored));
  if (stored.format === "f32") return { scores, uncertainty: 0 };
  const random = randomSource(1);
  const moved = (x: Dense) =>
    dense(
      x.shape,
      x.values.map((value) => value * (1 + rounding * (2 * random.uniform() - 1))),
    );
  const others = scoresOf((x) => cached(moved(x), stored));
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
