import { FormatError, listed } from "../../formats/format-error.ts";
import type { Weights } from "../../formats/weights.ts";
import { type ConfigOrigin, configJson } from "../decoders/config.ts";
import {
  type LayerSources,
  type OuterSources,
  sourcesOf,
  type WeightNames,
  type WeightSource,
} from "../decoders/family.ts";
import { storedTensor } from "./stored-rows.ts";

/** The sources of a model's weights, each present in the checkpoint in the shape that the config implies. */
export interface Checkpoint<Outer = OuterSources, Layer = LayerSources> {
  readonly outer: Outer;
  readonly layers: readonly Layer[];
  /** Unread tensors, without those usual in checkpoints of the family. */
  readonly unread: readonly string[];
}

/**
 * Compares the tensors of a checkpoint with those that a config implies, before the first byte is read.
 *
 * @throws FormatError for a tensor that is missing or has another shape or type, and for a field of the config that the
 * checkpoint contradicts.
 */
export function checkWeights<Config extends Layered, Outer extends object, Layer extends object>(
  weights: Weights,
  family: WeightNames<Config, Outer, Layer>,
  config: Config,
  origin: ConfigOrigin = configJson,
): Checkpoint<Outer, Layer> {
  const parts: object[] = [];
  const implied = new Set<string>();
  // Part by part, up to the first incomplete one: a config may claim more layers than fit in memory.
  for (let at = 0; at <= config.layers; at++) {
    const part = partOf(family, config, at, weights.has);
    parts.push(part);
    const sources = sourcesOf(part);
    const names = sources.flatMap(namesOf);
    const missing = names.filter((name) => !weights.has(name));
    for (const name of names) implied.add(name);
    if (missing.length > 0) checkMissing(weights, family, config, { implied, missing, origin });
    for (const source of sources) storedTensor(weights, source);
  }
  const extras = family.extras?.(config) ?? [];
  const unread = [...weights.tensors.keys()].filter(
    (name) => !implied.has(name) && !extras.some((pattern) => pattern.test(name)),
  );
  if (unread.length > 0) checkUnread(weights, family, config, unread, origin);
  const [outer, ...layers] = parts;
  return { outer: outer as Outer, layers: layers as Layer[], unread };
}

/** A config, for its number of layers. */
interface Layered {
  readonly layers: number;
}

/** The weights outside the layers, then layer by layer. */
function partOf<Config>(
  family: WeightNames<Config, object, object>,
  config: Config,
  at: number,
  has: (name: string) => boolean,
): object {
  return at === 0 ? family.outer(config, has) : family.layer(config, at - 1, has);
}

const namesOf = ({ name, packed }: WeightSource) => [name, ...Object.values(packed?.planes ?? {})];

/** Names of the tensors that a config implies, for a checkpoint whose optional tensors `has` reports. */
export const impliedNames = <Config extends Layered>(
  family: WeightNames<Config, object, object>,
  config: Config,
  has: (name: string) => boolean,
): ReadonlySet<string> =>
  new Set(
    Array.from({ length: config.layers + 1 }, (_, at) => partOf(family, config, at, has)).flatMap((part) =>
      sourcesOf(part).flatMap(namesOf),
    ),
  );

/** For each field that decides which tensors exist, those that would exist if it said the opposite. */
function* opposites<Config extends Layered>(
  weights: Weights,
  family: WeightNames<Config, object, object>,
  config: Config,
  { file, names: called }: ConfigOrigin,
) {
  for (const [field, { is, but }] of Object.entries(family.opposites?.(config) ?? {})) {
    const other = { ...config, ...but };
    const names = Array.from({ length: other.layers + 1 }, (_, at) =>
      sourcesOf(partOf(family, other, at, weights.has)).flatMap(namesOf),
    );
    const fail = (problem: string): never => {
      const own = weights.file === file ? "it" : weights.file;
      throw new FormatError(file, `is ${is}, but ${own} ${problem}`, { field: called[field] ?? field });
    };
    yield { otherwise: new Set(names.flat()), fail };
  }
}

/** Throws for a field that claims tensors of which none exist. If some exist, the checkpoint is incomplete. */
function checkMissing<Config extends Layered>(
  weights: Weights,
  family: WeightNames<Config, object, object>,
  config: Config,
  { implied, missing, origin }: { implied: ReadonlySet<string>; missing: readonly string[]; origin: ConfigOrigin },
): void {
  for (const { otherwise, fail } of opposites(weights, family, config, origin)) {
    const owed = [...implied].filter((name) => !otherwise.has(name));
    if (owed.length > 0 && owed.every((name) => missing.includes(name))) fail(`has no ${listed(owed, 1)}`);
  }
}

/** Throws for a field that denies tensors that exist. */
function checkUnread<Config extends Layered>(
  weights: Weights,
  family: WeightNames<Config, object, object>,
  config: Config,
  unread: readonly string[],
  origin: ConfigOrigin,
): void {
  for (const { otherwise, fail } of opposites(weights, family, config, origin)) {
    const found = unread.filter((name) => otherwise.has(name));
    if (found.length > 0) fail(`also has ${listed(found, 1)}`);
  }
}
