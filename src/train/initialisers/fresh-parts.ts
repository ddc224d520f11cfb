import { listed } from "../../formats/format-error.ts";
import { type FieldReader, integer, list, optional, readFields, text } from "../../formats/json/fields.ts";
import { readArchitecture } from "../../models/decoders/architectures.ts";
import type { EncoderConfig } from "../../models/encoders/config.ts";
import { encoderFamilies, readEncoderConfig } from "../../models/encoders/families.ts";
import type { EncoderFamily } from "../../models/encoders/family.ts";
import { withHeads } from "../../models/encoders/heads/choose.ts";
import { type FamilyHeads, type HeadKind, headKinds } from "../../models/encoders/heads/head.ts";
import { countLabels } from "../../models/encoders/heads/labels.ts";
import { encoderDecoderFamilies, readEncoderDecoderConfig } from "../../models/seq2seq/families.ts";
import { weightNames } from "../../models/seq2seq/family.ts";
import type { Initialiser, ModelPlace } from "./schemes.ts";

/** The names and shapes of a fresh model's weights, by role, and how they are drawn by default. */
export interface FreshParts {
  readonly kind: ModelKind;
  /** Number of token rows, and of source rows if these are separate. */
  readonly vocabulary: number;
  readonly sourceVocabulary?: number | undefined;
  /** Sources by role; those of heads are under `heads`. */
  readonly parts: readonly object[];
  readonly model: ModelPlace;
  readonly initialiser: Initialiser;
}

/** The kind of model. */
type ModelKind = "decoder" | "encoder" | "encoder-decoder";

/** The kind of a config, by its `model_type`. */
export function modelKind(raw: unknown): ModelKind {
  const reader = readFields("config.json", raw);
  const { model_type: type } = reader.raw;
  if (typeof type !== "string") return "decoder";
  if (encoderFamilies.has(type)) return "encoder";
  if (type === "use-lite") reader.fail("model_type", "is use-lite, which is not trained: it has no head");
  return encoderDecoderFamilies.has(type) ? "encoder-decoder" : "decoder";
}

/** The weights of a model of this config, under the names of current checkpoints. */
export function freshParts(raw: unknown): FreshParts {
  const kind = modelKind(raw);
  const found = { encoder: ofEncoder, "encoder-decoder": ofEncoderDecoder, decoder: ofDecoder }[kind](raw);
  const { initializer_range: range = found.range } = raw as { readonly initializer_range?: unknown };
  return { ...found, kind, model: { ...found.model, range: typeof range === "number" ? range : undefined } };
}

type Found = Omit<FreshParts, "model" | "kind"> & {
  readonly model: Omit<ModelPlace, "range">;
  /** A family's name for `initializer_range`. */
  readonly range?: unknown;
};

function ofDecoder(raw: unknown): Found {
  const { family, config } = readArchitecture(raw);
  const { layers, width, vocabulary } = config;
  const has = () => false;
  const parts = [family.outer(config, has), ...indices(layers).map((layer) => family.layer(config, layer, has))];
  return { parts, vocabulary, model: { layers, width }, initialiser: family.transposed ? "gpt2" : "llama" };
}

const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

function ofEncoder(raw: unknown): Found {
  const { family, config, reader } = readEncoderConfig(raw);
  const { layers, width, vocabulary } = config;
  const has = family.fresh?.(reader) ?? hasNormBiases;
  const whole = withHeads(family, freshHeads(family, config, reader, has));
  const parts = [whole.outer(config, has), ...indices(layers).map((layer) => whole.layer(config, layer, has))];
  return { parts, vocabulary, model: { layers, width }, initialiser: "bert" };
}

/** Of the optional tensors, fresh checkpoints have the biases of norms. */
const hasNormBiases = (name: string) => /norm\.bias$/i.test(name);

/** The heads named in `architectures`. */
function freshHeads(
  family: EncoderFamily,
  config: EncoderConfig,
  reader: FieldReader,
  has: (name: string) => boolean,
): FamilyHeads {
  const labels = countLabels(reader) ?? reader.field("num_labels", optional(integer(1, 1 << 20), 2));
  const there = family.heads?.(config, { has, labels, config: reader }) ?? {};
  const heads: Partial<Record<HeadKind, FamilyHeads[HeadKind]>> = {};
  for (const architecture of reader.field("architectures", optional(list(text, "names of classes"))) ?? []) {
    const kinds = Object.keys(there) as HeadKind[];
    const named = kinds.filter((kind) => headKinds[kind].suffixes.some((suffix) => architecture.endsWith(suffix)));
    if (named.length === 0 && /For[A-Z]\w*$/.test(architecture)) {
      const known = [...new Set(kinds.flatMap((kind) => headKinds[kind].suffixes))];
      reader.fail("architectures", `is ${architecture}, known heads of ${config.architecture} are ${listed(known, 8)}`);
    }
    for (const kind of named) heads[kind] = there[kind];
  }
  return heads as FamilyHeads;
}

function ofEncoderDecoder(raw: unknown): Found {
  const { family, config, reader } = readEncoderDecoderConfig(raw);
  const { layers, width, scoreScale, embeddingScale, vocabulary, sourceVocabulary, ownSource } = config;
  const names = weightNames(family);
  const has = (name: string) => family.fresh?.(config).includes(name) ?? false;
  const parts = [names.outer(config, has), ...indices(layers).map((layer) => names.layer(config, layer, has))];
  const model = {
    layers,
    width,
    ...(scoreScale === 1 && { unscaled: config.encoder.headWidth }),
    scaled: embeddingScale !== undefined,
  };
  const usual = { t5: "t5", mt5: "t5", "transformer-2017": "xavier" } as const satisfies Record<string, Initialiser>;
  const initialiser = usual[config.architecture as keyof typeof usual] ?? "bert";
  const vocabularies = { vocabulary, ...(ownSource && { sourceVocabulary }) };
  return { parts, ...vocabularies, model, initialiser, range: reader.raw["init_std"] };
}
