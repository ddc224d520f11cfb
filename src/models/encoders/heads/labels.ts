import { choice, type FieldReader, optional, shown, text } from "../../../formats/json/fields.ts";

/** How scores are computed from the logits of labels. */
export type Scoring = "softmax" | "sigmoid" | "none";

/** The labels of a classifier, in the order of its outputs. */
export interface Labels {
  readonly names: readonly string[];
  readonly scoring: Scoring;
}

const problems = {
  regression: "none",
  single_label_classification: "softmax",
  multi_label_classification: "sigmoid",
} as const;

const activations: Readonly<Record<string, Scoring>> = {
  "torch.nn.modules.activation.Sigmoid": "sigmoid",
  "torch.nn.modules.linear.Identity": "none",
};

/** Maximum number of labels in a map. */
const most = 1 << 20;

/** The number of labels in `id2label`; undefined without one. */
export function countLabels(config: FieldReader): number | undefined {
  const map = config.raw["id2label"] ?? undefined;
  if (map === undefined) return undefined;
  if (typeof map !== "object" || Array.isArray(map)) {
    return config.fail("id2label", `is ${shown(map)}, expected an object with a label for each id`);
  }
  const count = Object.keys(map as object).length;
  if (count === 0 || count > most) config.fail("id2label", `has ${count} labels, expected 1 to ${most}`);
  return count;
}

/**
 * Reads the labels of a classifier with `count` outputs, the rows of `tensor`, and how they are scored: as
 * `problem_type` says; without it a single label by the logistic function, unless the config of a cross-encoder of
 * sentence-transformers names another, and several by softmax. Throws `FormatError` for a map that does not fit.
 */
export function readLabels(config: FieldReader, count: number, tensor: string): Labels {
  const given = countLabels(config);
  if (given !== undefined && given !== count) {
    config.fail("id2label", `has ${given} ${given === 1 ? "label" : "labels"}, but ${tensor} has ${count} rows`);
  }
  const map = (config.raw["id2label"] ?? {}) as Readonly<Record<string, unknown>>;
  const names = Array.from({ length: count }, (_, id) => {
    if (given === undefined) return `LABEL_${id}`;
    const name = Object.hasOwn(map, id) ? map[id] : undefined;
    if (typeof name === "string") return name;
    const is = name === undefined ? "no label" : shown(name);
    return config.fail("id2label", `has ${is} for id ${id}, expected ${count} names of labels for ids from 0 on`);
  });
  return { names, scoring: scoringOf(config, count) };
}

function scoringOf(config: FieldReader, count: number): Scoring {
  const problem = config.field("problem_type", optional(choice(Object.keys(problems) as (keyof typeof problems)[])));
  const activation = count === 1 ? crossEncoderActivation(config) : undefined;
  if (activation !== undefined) return activation;
  if (problem !== undefined) return problems[problem];
  return count === 1 ? "sigmoid" : "softmax";
}

/** What sentence-transformers applies to the one logit of a cross-encoder, if the config names it. */
function crossEncoderActivation(config: FieldReader): Scoring | undefined {
  const field = "sbert_ce_default_activation_function"; // before version 4
  const own = config.raw["sentence_transformers"] as { readonly activation_fn?: unknown } | null | undefined;
  const now = typeof own === "object" ? (own?.activation_fn ?? undefined) : undefined;
  const before = config.field(field, optional(text));
  const named = now ?? before;
  if (named === undefined) return undefined;
  const known = typeof named === "string" && Object.hasOwn(activations, named) ? activations[named] : undefined;
  if (known !== undefined) return known;
  const where = now === undefined ? field : "sentence_transformers.activation_fn";
  return config.fail(where, `is ${shown(named)}, known are ${Object.keys(activations).join(", ")}`);
}
