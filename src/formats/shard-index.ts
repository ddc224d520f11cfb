import { FormatError, listed, shortened } from "./format-error.ts";
import { readTextIfPresent } from "./read-text.ts";
import type { FileSource } from "./source.ts";
import { kindOf, parseStrictJson } from "./strict-json.ts";

/** The largest number of shards accepted; the largest open models have about 200. */
const MOST_SHARDS = 1024;

/** A shard lies next to its index: its name may not be a path, a URL or anything else that leads elsewhere. */
function isPlainShardName(shard: string): boolean {
  return shard.length <= 255 && /^[\p{L}\p{N}_.+ -]+\.safetensors$/u.test(shard) && !shard.startsWith(".");
}

/**
 * Reads `model.safetensors.index.json`: which tensors each shard should hold.
 *
 * @returns the names by shard, both in the order of the index; undefined where there is no index.
 * @throws FormatError for an index without a `weight_map` of plain file names, or with more than 1024 shards.
 */
export async function readShardIndex(source: FileSource, file: string): Promise<Map<string, Set<string>> | undefined> {
  const text = await readTextIfPresent(source, file);
  if (text === undefined) return undefined;
  const index = parseStrictJson(file, text);
  if (!(index instanceof Map)) throw new FormatError(file, `is ${kindOf(index)}, expected an object`);
  const weightMap = index.get("weight_map");
  if (!(weightMap instanceof Map) || weightMap.size === 0) {
    const found = weightMap instanceof Map ? "empty" : kindOf(weightMap);
    throw new FormatError(file, `is ${found}, expected an object of tensor: file`, { field: "weight_map" });
  }
  const shards = new Map<string, Set<string>>();
  for (const [name, shard] of weightMap) {
    const field = `weight_map["${name}"]`;
    if (typeof shard !== "string") {
      throw new FormatError(file, `is ${kindOf(shard)}, expected a file name`, { field });
    }
    if (!isPlainShardName(shard)) {
      const found = shortened(JSON.stringify(shard));
      throw new FormatError(file, `is ${found}, expected the plain name of a .safetensors file`, { field });
    }
    const names = shards.get(shard);
    if (names) names.add(name);
    else shards.set(shard, new Set([name]));
  }
  if (shards.size > MOST_SHARDS) {
    const problem = `names ${shards.size} shards, expected at most ${MOST_SHARDS}`;
    throw new FormatError(file, problem, { field: "weight_map" });
  }
  return shards;
}

/**
 * Compares a shard's tensors with those that the index lists.
 *
 * @throws FormatError naming the shard and the tensors that are missing or extra.
 */
export function checkShardNames(
  index: string,
  shard: string,
  promised: ReadonlySet<string>,
  held: ReadonlyMap<string, unknown>,
): void {
  const missing = [...promised].filter((name) => !held.has(name));
  const extra = [...held.keys()].filter((name) => !promised.has(name));
  const problems: string[] = [];
  if (missing.length > 0) problems.push(`lacks ${listed(missing)}`);
  if (extra.length > 0) problems.push(`also holds ${listed(extra)}`);
  if (problems.length > 0) throw new FormatError(shard, `${problems.join(" and ")}, compared with ${index}`);
}
