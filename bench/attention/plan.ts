import type { AttentionOptions, AttentionResult, AttentionTensors, Gpu } from "../../src/index.ts";
import type { TimingOptions } from "../harness/timing.ts";
import { type Batch, parseBatch } from "./batch.ts";
import { type Heads, parseHeads } from "./heads.ts";
import { type BenchMask, parseMask } from "./masks.ts";
import { findPreset } from "./presets.ts";
import { type BenchScore, parseScore } from "./scores.ts";

/** One problem, which every variant is run on. */
export interface AttentionCase {
  readonly batch: Batch;
  readonly heads: Heads;
  readonly mask: BenchMask;
  readonly score: BenchScore;
  readonly dtype: string;
  /** The model whose shapes these are, and its layers. */
  readonly model?: string | undefined;
  readonly layers: number;
  /** Why no variant can run it. */
  readonly missing?: string | undefined;
}

/** A way of doing attention that is measured: a row of the engine's table, or whatever does the same. */
export interface AttentionSubject {
  readonly name: string;
  readonly record: (gpu: Gpu, tensors: AttentionTensors, options: AttentionOptions) => AttentionResult;
  /** Why it cannot take a call; undefined when it can. */
  readonly refusal: (gpu: Gpu, tensors: AttentionTensors, options: AttentionOptions) => string | undefined;
  readonly workspace?: ((tensors: AttentionTensors, options: AttentionOptions) => number) | undefined;
}

/** Everything that is to be measured. */
export interface AttentionPlan {
  readonly cases: readonly AttentionCase[];
  readonly subjects: readonly AttentionSubject[];
  readonly timing: TimingOptions;
  readonly clock: "gpu" | "wall";
  /** Inputs that take turns, at least so many bytes together; 0 for one set. */
  readonly rotateBytes: number;
  readonly peaks: boolean;
  /** Options of the command that a row names beside its own, such as `--adapter`. */
  readonly commandOptions: readonly string[];
}

/** A case in the words of the command line; without `heads` they are `8x64`, or those of `model`. */
export interface CaseText {
  readonly batch: string;
  readonly heads?: string | undefined;
  readonly mask?: string | undefined;
  readonly score?: string | undefined;
  readonly dtype?: string | undefined;
  readonly model?: string | undefined;
}

const dtypes = ["f32", "f16", "bf16", "int8"];

/** The case that words describe. Throws a RangeError for words that are wrong. */
export function attentionCase({ batch, heads, mask, score, dtype = "f32", model }: CaseText): AttentionCase {
  const [name, preset] = model === undefined ? [] : findPreset(model);
  if (!dtypes.includes(dtype)) throw new RangeError(`there is no dtype "${dtype}"; there are ${dtypes.join(", ")}`);
  return {
    batch: parseBatch(batch),
    heads: parseHeads(heads ?? preset?.heads ?? "8x64"),
    mask: parseMask(mask ?? preset?.mask ?? "causal"),
    score: parseScore(score ?? preset?.score ?? "none"),
    dtype,
    model: name,
    layers: preset?.layers ?? 1,
    missing: dtype === "f32" ? preset?.missing : `queries, keys and values of ${dtype} are not there yet`,
  };
}

/** What a case is called where it has to be named in a line. */
export function caseName({ batch, heads, mask, score, dtype }: AttentionCase): string {
  return [batch.text, mask.text, ...(score.text === "none" ? [] : [score.text]), heads.text, dtype].join(" ");
}
