import { FormatError, listed } from "../../../formats/format-error.ts";
import { type FieldReader, list, optional, text } from "../../../formats/json/fields.ts";
import type { Weights } from "../../../formats/weights.ts";
import { sourcesOf } from "../../decoders/family.ts";
import type { EncoderConfig } from "../config.ts";
import type { EncoderFamily } from "../family.ts";
import { type EncoderHead, type FamilyHeads, type HeadKind, headKinds, headWithUse } from "./head.ts";
import { countLabels, type Labels, readLabels } from "./labels.ts";

/** The heads in a folder. */
export interface ChosenHeads {
  readonly heads: FamilyHeads;
  /** Of the classifier; unset: no classifier. */
  readonly labels?: Labels;
  /** Why a head of this kind is missing. */
  readonly why: (kind: HeadKind) => string;
}

const kinds = Object.keys(headKinds) as HeadKind[];

/** The kinds of heads that an architecture has by its name, such as `BertForMaskedLM`. */
const kindsOf = (architecture: string): HeadKind[] =>
  kinds.filter((kind) => headKinds[kind].suffixes.some((suffix) => architecture.endsWith(suffix)));

/** For encoders whose family has no heads. */
export const noHeads = (architecture: string): ChosenHeads => ({
  heads: {},
  why: () => `models of ${architecture} have none`,
});

/**
 * Chooses the heads of a folder. The one that `architectures` names exists if the checkpoint has its last tensor, and
 * must then be complete. Others exist if all their tensors do and can belong to no other head. Reads no bytes. Throws
 * `FormatError` for labels that do not fit the classifier.
 */
export function chooseHeads(
  family: EncoderFamily,
  config: EncoderConfig,
  reader: FieldReader,
  weights: Weights,
): ChosenHeads {
  const { has } = weights;
  const architectures = reader.field("architectures", optional(list(text, "names of classes"))) ?? [];
  const named = new Set(architectures.flatMap(kindsOf));
  const of = (labels: number): FamilyHeads => family.heads?.(config, { has, labels, config: reader }) ?? {};
  const outputOf = ({ sources, own }: EncoderHead) => sources.output?.name ?? own;
  const rowsOf = (head: EncoderHead) => weights.tensors.get(outputOf(head))?.shape[0] ?? 1;
  const heads: Partial<Record<HeadKind, EncoderHead>> = {};
  let labels: Labels | undefined;
  for (const kind of kinds) {
    const sized = of(1)[kind];
    const labelled = kind.endsWith("-classification");
    const head = sized && labelled && has(sized.own) ? of(rowsOf(sized))[kind] : sized;
    if (!head || !has(head.own)) continue;
    if (!named.has(kind)) {
      if (head.shared || !sourcesOf(head.sources).every(({ name }) => has(name))) continue;
      // A map of labels belongs to the head that the architecture names.
      if (labelled && (named.size > 0 || (countLabels(reader) ?? rowsOf(head)) !== rowsOf(head))) continue;
    }
    heads[kind] = head;
    if (labelled) labels = readLabels(reader, rowsOf(head), `${outputOf(head)} in ${weights.file}`);
  }
  const own = architectures.length > 0 ? listed(architectures, 3) : "missing";
  const why = (kind: HeadKind): string => {
    const head = of(1)[kind];
    if (!head) return `models of ${config.architecture} have none that is supported`;
    if (named.has(kind)) return `architectures in config.json is ${own}, but ${weights.file} has no ${head.own}`;
    if (!has(head.own)) return `${weights.file} has no ${head.own}`;
    const sharing = kinds
      .filter((other) => of(1)[other]?.own === head.own)
      .map((other) => headKinds[other].suffixes[0]);
    return `${weights.file} has ${head.own}, but architectures in config.json is ${own}, expected a name that ends with ${sharing.join(" or ")}`;
  };
  return { heads, ...(labels && { labels }), why };
}

/** A family with the weights of these heads among those outside the layers. */
export const withHeads = (family: EncoderFamily, heads: FamilyHeads): EncoderFamily => ({
  ...family,
  outer: (config, has) => ({
    ...family.outer(config, has),
    heads: Object.fromEntries(Object.entries(heads).map(([kind, { sources }]) => [kind, sources])),
  }),
});

/** The error for a missing head: which one a method needs, why it is missing, and which exist. */
export function missingHead(
  name: string,
  method: string,
  wanted: readonly HeadKind[],
  { heads, why }: ChosenHeads,
): FormatError {
  const there = kinds.filter((kind) => heads[kind]).map(headWithUse);
  const have = there.length > 0 ? `its heads are ${there.join(", ")}` : "it has no heads: embed and hidden take it";
  const reasons = [...new Set(wanted.map(why))].join("; ");
  return new FormatError(name, `has no head for ${method}, expected ${wanted.join(" or ")}: ${reasons}; ${have}`);
}
