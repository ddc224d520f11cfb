import {
  boolean,
  type Check,
  checkOptions,
  either,
  fieldsOf,
  integer,
  listOf,
  nonEmpty,
  number,
  object,
  oneOf,
  recordOf,
  required,
  text,
} from "../../src/options/checks.ts";
import type { ModelRow } from "../models/result.ts";
import type { BenchRow, Environment, Peak, Peaks } from "../result.ts";
import { type DeviceReport, type LeftOut, type OpCheck, partNames, type Tuned } from "./result.ts";

const count = required(integer(0));
const orNull = (check: Check) => either(oneOf(null), check);
const figure = required(orNull(number));
const words = required(orNull(text));
const clock = oneOf("gpu", "wall");

const peak = required(object<Peak>({ value: figure, reason: words }));

const environment = object<Environment>({
  date: required(nonEmpty),
  adapter: required(nonEmpty),
  vendor: required(text),
  architecture: required(text),
  device: required(text),
  description: required(text),
  software: required(boolean),
  features: required(listOf(text)),
  subgroupSizes: required(orNull(listOf(integer(1), 2))),
  limits: required(recordOf(number)),
  runtime: required(nonEmpty),
  platform: required(text),
  clock: required(clock),
  clockQuantumMs: required(number),
  waitMs: number,
  encodeUs: required(number),
});

const rowFields = fieldsOf<BenchRow>({
  id: required(nonEmpty),
  op: required(nonEmpty),
  variant: required(nonEmpty),
  batch: required(text),
  mask: words,
  score: words,
  layout: words,
  heads: words,
  dtype: required(text),
  model: words,
  verdict: required(oneOf("pass", "fail", "n/a")),
  reason: words,
  checked: words,
  errorRatio: figure,
  meanErrorRatio: figure,
  nmse: figure,
  medianMs: figure,
  p10Ms: figure,
  p90Ms: figure,
  repeats: figure,
  samples: figure,
  clock: required(orNull(clock)),
  clockQuantumMs: orNull(number),
  firstRunMs: figure,
  dispatches: figure,
  definition: orNull(text),
  livePairs: figure,
  flops: figure,
  flopsFlashAttention: figure,
  bytes: figure,
  modelledBytes: figure,
  requestedBytes: orNull(number),
  executedFlops: orNull(number),
  tflops: figure,
  gbs: figure,
  idealMs: figure,
  bound: required(orNull(oneOf("compute", "memory"))),
  shareOfPeak: figure,
  shareOfFastest: figure,
  kvBytesPerToken: figure,
  workspaceBytes: figure,
  imbalance: orNull(number),
  paddingEfficiency: orNull(number),
  command: required(text),
});

const modelFields = fieldsOf<ModelRow>({
  verdict: required(oneOf("pass", "fail")),
  checked: required(text),
  error: figure,
  reason: words,
  engine: required(text),
  backends: required(text),
  gpu_info: required(text),
  model_filename: required(text),
  model_type: required(text),
  model_size: count,
  model_n_params: count,
  type_k: required(text),
  type_v: required(text),
  n_prompt: count,
  n_gen: count,
  n_depth: count,
  test_time: required(text),
  avg_ns: required(number),
  stddev_ns: required(number),
  avg_ts: required(number),
  stddev_ts: required(number),
  samples_ns: required(listOf(number)),
  samples_ts: required(listOf(number)),
  dispatches: figure,
  floor_ns: figure,
  cache_floor_ns: figure,
  depth_ratio: figure,
});

const checkFields = fieldsOf<OpCheck>({
  op: required(nonEmpty),
  variant: required(nonEmpty),
  case: required(nonEmpty),
  verdict: required(oneOf("pass", "refused", "fail")),
  figures: object<NonNullable<OpCheck["figures"]>>({
    nmse: required(number),
    errorRatio: figure,
    meanErrorRatio: figure,
  }),
  message: text,
});

const tunedFields = fieldsOf<Tuned>({
  key: required(nonEmpty),
  choice: required(nonEmpty),
  untuned: required(nonEmpty),
  variants: required(listOf(object<Tuned["variants"][number]>({ name: required(nonEmpty), ms: number, reason: text }))),
});

const leftFields = fieldsOf<LeftOut>({
  part: required(oneOf(...partNames)),
  why: required(nonEmpty),
  count,
  what: required(listOf(text)),
});

/** The lists of a report, whose entries are checked one by one, so that an error names the entry. */
const lists = {
  leftOut: leftFields,
  checks: checkFields,
  rows: rowFields,
  generation: modelFields,
  tuning: tunedFields,
};

const list = required(listOf(() => undefined));

const reportFields = fieldsOf<DeviceReport>({
  format: required(oneOf(1)),
  versions: required(recordOf(text)),
  environment: required(environment),
  peaks: required(
    either(
      oneOf(null),
      object<Peaks>({ tflopsF32: peak, tflopsF16: peak, copyGbs: peak, workgroupGbs: peak, dispatchUs: peak }),
    ),
  ),
  seconds: required(recordOf(number)),
  interrupted: required(boolean),
  leftOut: list,
  checks: list,
  rows: list,
  generation: list,
  tuning: list,
});

/** Reads a report. Throws an Error that names the file and the field for a text that is not one. */
export function readReport(stored: string, file: string): DeviceReport {
  const report = parsed(stored, file) as DeviceReport;
  checkOptions(file, reportFields, report);
  for (const [name, fields] of Object.entries(lists)) {
    const entries = report[name as keyof typeof lists];
    for (const [i, entry] of entries.entries()) checkOptions(file, fields, entry, `${name}[${i}].`);
  }
  return report;
}

function parsed(stored: string, file: string): unknown {
  try {
    return JSON.parse(stored);
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
