import { FormatError } from "../formats/format-error.ts";
import {
  atLeast,
  belowOne,
  boolean,
  type Checks,
  checkOptions,
  fieldsOf,
  integer,
  listOf,
  oneOf,
  positive,
  required,
  text,
} from "../options/checks.ts";
import { initialisers } from "../train/initialisers/schemes.ts";
import { recomputes } from "../train/objectives/objective.ts";
import { optimisers } from "../train/optimisers/optimisers.ts";
import { schedules } from "../train/schedules.ts";
import type { RunSettings } from "./train-settings.ts";

/** What the settings of a run may be, as its checkpoints record them. */
const checks: Checks<RunSettings> = {
  optimizer: required(oneOf(...Object.keys(optimisers))),
  lr: required(positive),
  schedule: required(oneOf(...Object.keys(schedules))),
  warmup: required(integer(0)),
  betas: listOf(belowOne, 2),
  eps: atLeast(0),
  weightDecay: atLeast(0),
  clip: required(atLeast(0)),
  routerLoss: atLeast(0),
  model: text,
  config: text,
  tokenizer: text,
  vocabulary: integer(1),
  initialiser: oneOf(...Object.keys(initialisers)),
  data: listOf(text),
  chatTemplate: text,
  val: listOf(text),
  heldOut: belowOne,
  weights: listOf(positive),
  order: required(oneOf("random", "epochs")),
  packing: required(oneOf("windows", "documents")),
  lora: integer(1),
  loraAlpha: positive,
  loraTargets: listOf(text),
  rslora: boolean,
  steps: required(integer(1)),
  batch: required(integer(1)),
  context: integer(1),
  accumulate: required(integer(1)),
  recompute: oneOf(...recomputes),
  dropout: belowOne,
  attentionDropout: belowOne,
  ema: belowOne,
  seed: required(integer(0)),
  evalEvery: integer(1),
  keepBest: boolean,
  saveEvery: required(integer(1)),
};
const fields = fieldsOf<RunSettings>(checks);

/** The names of `RunSettings`: what a run that is resumed takes from its checkpoint, unless it is given anew. */
export const settingNames = Object.keys(checks) as (keyof RunSettings)[];

/**
 * The settings that a checkpoint records, checked.
 *
 * @throws FormatError or OptionError with the field, for what are no settings of a run of `shaderformer train`.
 */
export function recordedSettings(file: string, settings: unknown): RunSettings {
  if (typeof settings !== "object" || settings === null) {
    const problem = `is ${String(settings)}: the checkpoint is none of shaderformer train, so it does not say how to go on`;
    throw new FormatError(file, problem, { field: "record.settings" });
  }
  checkOptions(file, fields, settings, "record.settings.");
  return settings as RunSettings;
}
