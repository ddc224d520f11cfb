import { describe, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { openWeights, type Weights } from "../../src/formats/weights.ts";
import {
  type Files,
  formatErrorOf,
  numbered,
  safetensors,
  type TensorToWrite,
  temporaryFolder,
} from "./checkpoint-bytes.ts";

const INDEX = "model.safetensors.index.json";
const SHARD_1 = "model-00001-of-00002.safetensors";
const SHARD_2 = "model-00002-of-00002.safetensors";

const f16 = (length: number, first = 1): TensorToWrite => ({
  dtype: "F16",
  shape: [length],
  bytes: numbered(length * 2, first),
});

async function open(files: Files): Promise<Weights> {
  return openWeights(await openFolder(await temporaryFolder(files)));
}

describe("shards", () => {
  const shard1 = safetensors({ a: f16(2), b: f16(3, 50) });
  const shard2 = safetensors({ c: f16(4, 100) }, 1);
  const weightMap = { a: SHARD_1, c: SHARD_2, b: SHARD_1 };
  const indexed = (map: unknown, files: Files = { [SHARD_1]: shard1, [SHARD_2]: shard2 }): Files => ({
    ...files,
    [INDEX]: JSON.stringify({ metadata: { total_size: 18 }, weight_map: map }),
  });

  test("two shards are one set of weights, and the index wins over a single file", async () => {
    const weights = await open({ ...indexed(weightMap), "model.safetensors": safetensors({ other: f16(1) }) });
    expect([...weights.tensors.keys()]).toEqual(["a", "b", "c"]);
    expect(weights.bytes).toBe(18);
    expect(weights.get("c", [4]).file).toBe(SHARD_2);
    const bytes: number[] = [];
    for (const name of ["b", "c"]) {
      for await (const piece of weights.stream(weights.get(name), 4)) bytes.push(...piece.bytes);
    }
    expect(bytes).toEqual([...numbered(6, 50), ...numbered(8, 100)]);
    expect(() => weights.get("d")).toThrow(`${INDEX}: d is not among the 3 tensors`);
  });

  test("a shard that the index names and the folder lacks", async () => {
    const path = await temporaryFolder(indexed(weightMap, { [SHARD_1]: shard1 }));
    const error = await formatErrorOf(openWeights(await openFolder(path)));
    expect(error.message).toBe(`${INDEX}: weight_map names 1 of 2 shards that ${path} lacks: ${SHARD_2}`);
    expect(error).toMatchObject({ file: INDEX, field: "weight_map" });
  });

  test("tensors that a shard lacks or has too many", async () => {
    const lacking = await formatErrorOf(open(indexed({ ...weightMap, d: SHARD_2, e: SHARD_2 })));
    expect(lacking.message).toBe(`${SHARD_2}: lacks d, e, compared with ${INDEX}`);
    const extra = await formatErrorOf(open(indexed({ a: SHARD_1, c: SHARD_2 })));
    expect(extra.message).toBe(`${SHARD_1}: also holds b, compared with ${INDEX}`);
    const swapped = await formatErrorOf(open(indexed({ a: SHARD_1, b: SHARD_2, c: SHARD_2 })));
    expect(swapped.message).toBe(`${SHARD_1}: also holds b, compared with ${INDEX}`);
    const both = await formatErrorOf(open(indexed({ z: SHARD_1, b: SHARD_1, a: SHARD_2, c: SHARD_2 })));
    expect(both.message).toBe(`${SHARD_1}: lacks z and also holds a, compared with ${INDEX}`);
  });

  test("the same tensor in two shards", async () => {
    const error = await formatErrorOf(
      open(indexed(weightMap, { [SHARD_1]: shard1, [SHARD_2]: safetensors({ c: f16(4), a: f16(2) }) })),
    );
    expect(error.message).toBe(`${SHARD_2}: also holds a, compared with ${INDEX}`);
  });

  test("a truncated shard is named", async () => {
    const error = await formatErrorOf(open(indexed(weightMap, { [SHARD_1]: shard1, [SHARD_2]: shard2.slice(0, -1) })));
    expect(error.message).toContain(`${SHARD_2}: c ends at byte ${shard2.length}`);
  });

  test.each([
    "../model.safetensors",
    "/etc/passwd",
    "sub/a.safetensors",
    "a\\b.safetensors",
    "https://example.org/a.safetensors",
    "a.safetensors?x=1",
    ".safetensors",
    "..safetensors",
    "",
    "config.json",
    "a\0.safetensors",
  ])("%j is no plain name of a shard", async (shard) => {
    const error = await formatErrorOf(open(indexed({ ...weightMap, b: shard })));
    expect(error.message).toMatch(/: weight_map\["b"\] is .*, expected the plain name of a \.safetensors file$/);
    expect(error).toMatchObject({ file: INDEX, field: 'weight_map["b"]' });
  });

  test("a name longer than file systems take", async () => {
    const error = await formatErrorOf(open(indexed({ a: `${"x".repeat(300)}.safetensors` })));
    expect(error.message).toMatch(/weight_map\["a"\] is "x+…x+\.safetensors", expected the plain name/);
  });

  test("an index that is not one", async () => {
    const refuse = async (text: string) => (await formatErrorOf(open({ [INDEX]: text, [SHARD_1]: shard1 }))).message;
    expect(await refuse("[]")).toBe(`${INDEX}: is an array, expected an object`);
    expect(await refuse("{}")).toBe(`${INDEX}: weight_map is missing, expected an object of tensor: file`);
    expect(await refuse('{"weight_map":{}}')).toBe(`${INDEX}: weight_map is empty, expected an object of tensor: file`);
    expect(await refuse('{"weight_map":{"a":1}}')).toBe(`${INDEX}: weight_map["a"] is 1, expected a file name`);
    expect(await refuse('{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}')).toBe(
      `${INDEX}: is not valid JSON at line 1, column 36: the key "a" occurs twice`,
    );
    expect(await refuse('{"weight_map":')).toBe(
      `${INDEX}: is not valid JSON at line 1, column 15: expected a value, found the end`,
    );
  });

  test("more shards than any model has", async () => {
    const map = Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`t${i}`, `s${i}.safetensors`]));
    const error = await formatErrorOf(open(indexed(map)));
    expect(error.message).toBe(`${INDEX}: weight_map names 1025 shards, expected at most 1024`);
  });
});
