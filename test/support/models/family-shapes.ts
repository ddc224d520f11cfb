import { readArchitecture } from "../../../src/models/decoders/architectures.ts";
import { sourcesOf } from "../../../src/models/decoders/family.ts";
import { stateFamilies } from "../../../src/models/decoders/state-families.ts";

/** Shapes of the weights that a config implies, by their names; experts are tensors of their own. */
export function familyShapes(config: Readonly<Record<string, unknown>>): Record<string, number[]> {
  const { family, config: decoder } = readArchitecture(config, undefined, stateFamilies);
  const has = (name: string) => name.endsWith("experts.0.gate_proj.weight");
  const layers = Array.from({ length: decoder.layers }, (_, i) => family.layer(decoder, i, has));
  const sources = [family.outer(decoder, has), ...layers].flatMap(sourcesOf);
  return Object.fromEntries(sources.map(({ name, shape }) => [name, [...shape]]));
}
