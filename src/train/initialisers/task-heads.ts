// Heads of encoders for what they are trained on: their names in configs, and fresh ones for folders without them.
import { FormatError, listed, printed } from "../../formats/format-error.ts";
import { readJson } from "../../formats/read-text.ts";
import { safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { openWeights, type Weights } from "../../formats/weights.ts";
import { withFiles } from "../../formats/with-files.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import { sourcesOf } from "../../models/decoders/family.ts";
import { readEncoderConfig } from "../../models/encoders/families.ts";
import { chooseHeads } from "../../models/encoders/heads/choose.ts";
import { type HeadKind, headKinds } from "../../models/encoders/heads/head.ts";
import { checkOptions, fieldsOf, integer, listOf, nonEmpty, oneOf, required } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { drawn } from "./initialise.ts";

/** The heads of training tasks with labels. */
const kinds = {
  classify: "sequence-classification",
  "classify-tokens": "token-classification",
} as const satisfies Readonly<Record<string, HeadKind>>;

/** A task whose head has labels. */
export type LabelTask = keyof typeof kinds;

/** How a head is added. */
export interface FreshHeadOptions extends OpeningOptions {
  /** `classify`: labels of texts; `classify-tokens`: labels of tokens. */
  readonly task: LabelTask;
  /** The names of labels, two or more, in the order of the head's outputs. */
  readonly labels: readonly string[];
  /** The seed of its weights, a u32; default 0. */
  readonly seed?: number | undefined;
}

const fields = fieldsOf<FreshHeadOptions>({
  ...openingChecks,
  task: required(oneOf(...(Object.keys(kinds) as LabelTask[]))),
  labels: required(listOf(nonEmpty)),
  seed: integer(0, 2 ** 32 - 1),
});

/** How the names of a family's classes begin, by `model_type`. */
const classNames: Readonly<Record<string, string>> = {
  bert: "Bert",
  roberta: "Roberta",
  "xlm-roberta": "XLMRoberta",
  camembert: "Camembert",
  distilbert: "DistilBert",
  mpnet: "MPNet",
  modernbert: "ModernBert",
  new: "New",
};

type RawConfig = Readonly<Record<string, unknown>>;

/** A config of an encoder whose `architectures` name a head of this kind, or none, with these labels. */
export function withHead(raw: RawConfig, kind: HeadKind | undefined, labels?: readonly string[]): RawConfig {
  const { problem_type: _, ...rest } = raw;
  const name = `${classNames[String(raw["model_type"])] ?? ""}${kind ? headKinds[kind].suffixes[0] : "Model"}`;
  return {
    ...rest,
    architectures: [name],
    ...(labels && {
      id2label: Object.fromEntries(labels.entries()),
      label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
    }),
  };
}

/** The config with labels of a task. */
export const withTaskLabels = (raw: RawConfig, task: LabelTask, labels: readonly string[]): RawConfig =>
  withHead(raw, kinds[task], labels);

/** The labels of a folder's head for a task, in the order of its outputs; undefined without such a head. */
export async function labelsIn(source: FileSource, task: LabelTask): Promise<readonly string[] | undefined> {
  const { family, config, reader } = readEncoderConfig(await readJson(source, "config.json"));
  const { heads, labels } = chooseHeads(family, config, reader, await openWeights(source));
  return heads[kinds[task]] && labels?.names;
}

const HEAD = "fresh-head.safetensors";
const INDEX = "model.safetensors.index.json";

/**
 * The folder of a pre-trained encoder with a fresh head for labels, for `openTrainableEncoder`: weights drawn as for
 * the family's own, and labels in `config.json`. `from` is as for `loadEncoder`. The other weights, those of other
 * heads too, are the folder's; what its new head shares with another, such as BERT's pooler, stays.
 *
 * @throws FormatError for a folder that has such a head already, or whose family has none; OptionError for fewer than
 * two labels, or one twice.
 */
export async function freshHead(from: string | URL | FileSource, options: FreshHeadOptions): Promise<FileSource> {
  checkOptions("freshHead", fields, options);
  const { task, labels, seed } = options;
  if (labels.length < 2 || new Set(labels).size < labels.length) {
    const found = `labels are ${listed(labels.map(printed), 8)}`;
    throw new OptionError(`freshHead: ${found}, expected two or more different ones`);
  }
  const source = await openFrom("freshHead", from, options);
  const raw = (await readJson(source, "config.json")) as RawConfig;
  const { family, config, reader } = readEncoderConfig(raw);
  const weights = await openWeights(source);
  const kind = kinds[task];
  const named = { has: weights.has, labels: labels.length, config: reader };
  const head = family.heads?.(config, named)[kind];
  if (!head) throw new FormatError(source.name, `is of ${config.architecture}, for which there is no head for ${kind}`);
  if (weights.has(head.own)) {
    throw new FormatError(source.name, `has ${head.own} of a head already, expected a folder without one`);
  }
  const { layers, width, vocabulary } = config;
  const range = typeof raw["initializer_range"] === "number" ? raw["initializer_range"] : undefined;
  const part = { heads: { [kind]: head.sources } };
  const model = { layers, width, range };
  const all = drawn({ kind: "encoder", vocabulary, parts: [part], model, initialiser: "bert" }, { seed });
  const tensors = sourcesOf(head.sources).flatMap(({ name }) => {
    const tensor = all.get(name);
    return tensor && !weights.has(name) ? [[name, tensor] as const] : [];
  });
  return withFiles(source, {
    "config.json": JSON.stringify(withHead(raw, kind, labels)),
    [INDEX]: JSON.stringify({
      weight_map: { ...mapOf(weights), ...Object.fromEntries(tensors.map(([name]) => [name, HEAD])) },
    }),
    [HEAD]: await bytesOf(tensors),
  });
}

/** The file of each tensor. */
const mapOf = ({ tensors }: Weights) => Object.fromEntries([...tensors].map(([name, { file }]) => [name, file]));

/** Tensors as the bytes of a safetensors file. */
async function bytesOf(
  tensors: readonly (readonly [
    name: string,
    tensor: { readonly shape: readonly number[]; readonly values: Float32Array<ArrayBuffer> },
  ])[],
): Promise<Uint8Array<ArrayBuffer>> {
  const header = safetensorsHeader(
    tensors.map(([name, { shape }]) => ({ name, shape })),
    "f32",
  );
  const blob = new Blob([header, ...tensors.map(([, { values }]) => values)]);
  return new Uint8Array(await blob.arrayBuffer());
}
