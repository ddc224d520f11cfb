import { FormatError, listed } from "../formats/format-error.ts";
import type { Weights } from "../formats/weights.ts";
import type { DecoderConfig } from "./config.ts";
import { type Family, type LayerSources, type OuterSources, sourcesOf, type WeightSource } from "./family.ts";
import { storedTensor } from "./stored-rows.ts";

/** The sources of a decoder's weights, each of which a checkpoint holds in the shape that the config implies. */
export interface Checkpoint {
  readonly outer: OuterSources;
  readonly layers: readonly LayerSources[];
  /** Tensors that nothing reads, without those that checkpoints of the family usually hold. */
  readonly unread: readonly string[];
}

/**
 * Compares the tensors of a checkpoint with those that a config implies, before the first byte is read.
 *
 * @throws FormatError for a tensor that is missing, or has another shape or type; and for a field of the config that
 * says that tensors are there, or are not, where the checkpoint says the opposite.
 */
export function checkWeights(weights: Weights, family: Family, config: DecoderConfig): Checkpoint {
  const { outer, layers } = sourcesFor(family, config, weights.has);
  const sources = [outer, ...layers].flatMap((part: OuterSources | LayerSources) => sourcesOf(part));
  const implied = new Set(sources.flatMap(namesOf));
  const missing = [...implied].filter((name) => !weights.has(name));
  const known = family.extras?.(config) ?? [];
  const unread = [...weights.tensors.keys()].filter(
    (name) => !implied.has(name) && !known.some((pattern) => pattern.test(name)),
  );
  if (missing.length > 0 || unread.length > 0) checkAgreement(weights, family, config, { implied, missing, unread });
  for (const source of sources) storedTensor(weights, source);
  return { outer, layers, unread };
}

function sourcesFor(family: Family, config: DecoderConfig, has: (name: string) => boolean) {
  const outer = family.outer(config, has);
  const layers = Array.from({ length: config.layers }, (_, layer) => family.layer(config, layer, has));
  return { outer, layers };
}

const namesOf = ({ name, packed }: WeightSource) => [name, ...Object.values(packed?.planes ?? {})];

/** Throws for a field whose opposite is what the checkpoint holds. */
function checkAgreement(
  weights: Weights,
  family: Family,
  config: DecoderConfig,
  { implied, missing, unread }: Record<"missing" | "unread", readonly string[]> & { implied: ReadonlySet<string> },
): void {
  for (const [field, { is, but }] of Object.entries(family.opposites?.(config) ?? {})) {
    const { outer, layers } = sourcesFor(family, { ...config, ...but }, weights.has);
    const otherwise = new Set([outer, ...layers].flatMap((part) => sourcesOf(part)).flatMap(namesOf));
    const fail = (problem: string) => {
      throw new FormatError("config.json", `is ${is}, but ${weights.file} ${problem}`, { field });
    };
    const found = unread.filter((name) => otherwise.has(name));
    if (found.length > 0) fail(`also has ${listed(found, 1)}`);
    const owed = [...implied].filter((name) => !otherwise.has(name));
    const lacking = missing.filter((name) => !otherwise.has(name));
    // Where some of them are there, the checkpoint is incomplete.
    if (lacking.length > 0 && lacking.length === owed.length) fail(`has no ${listed(lacking, 1)}`);
  }
}
