import { type Folder, type Json, literal, write } from "./folders.ts";
import { absent, forbidden } from "./forbidden.ts";
import { forbiddenGeneration, forbiddenTokenizer, forbiddenTokenizerConfig } from "./forbidden-text.ts";
import { copyOf, type Mutated, type Mutation, pick, stringOf } from "./mutation.ts";

type JsonFile = "config" | "generation" | "tokenizerConfig" | "tokenizer";
const tables = {
  config: ({ config }: Folder) => forbidden[String((config["architectures"] as string[])[0])] ?? {},
  generation: () => forbiddenGeneration,
  tokenizerConfig: () => forbiddenTokenizerConfig,
  tokenizer: () => forbiddenTokenizer,
} as const;

/** Every forbidden value of a folder's file, with its field. */
export function forbiddenValues(folder: Folder, file: JsonFile): readonly (readonly [string, unknown])[] {
  return Object.entries(tables[file](folder)).flatMap(([field, values]) =>
    (typeof values === "function" ? values(folder) : values).map((value) => [field, value] as const),
  );
}

/** Fields that have to agree with others, which a message may name in place of them. */
const agreeing = ["num_key_value_heads", "layer_types", "n_group", "topk_group"];

/** A folder with a forbidden value. Where files contradict each other, the message may name what is in the other. */
export function forbid(folder: Folder, file: JsonFile, field: string, value: unknown): Mutated {
  const copy = copyOf(folder);
  if (value === absent) delete copy[file][field];
  else copy[file][field] = value;
  const contradicts = typeof value === "number" || typeof value === "boolean" || Array.isArray(value) || value === null;
  const others = file === "config" && contradicts ? [...Object.keys(folder.tensors), ...agreeing] : [];
  const names = [field, ...others, ...(file === "tokenizer" ? ["vocab"] : [])];
  return { what: `${folder.name}: ${field} is ${stringOf(value)}`, files: write(copy), expected: "noticed", names };
}

export const oneForbidden =
  (file: JsonFile): Mutation =>
  (folder, random) => {
    const [field, value] = pick(random, forbiddenValues(folder, file));
    return forbid(folder, file, field, value);
  };

const junk = [null, true, false, 0, 1, -1, 0.5, 2 ** 31, 1e300, "", "x", "__proto__", [], [null], {}, { a: 1 }];
const junkValues = [...junk, literal("1e999"), literal("-0"), "\u0000\u202e", "\ud800x", [[[[]]]], "a".repeat(10_000)];

/** Every object in a value, with the path to it. */
function objectsIn(value: unknown, path = ""): (readonly [string, Json])[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, entry]) => objectsIn(entry, path === "" ? key : `${path}.${key}`));
  return [[path, value as Json], ...inner];
}

/** A value anywhere in a JSON file that is another, or is gone, or is new. */
export const anyValue =
  (file: JsonFile): Mutation =>
  (folder, random) => {
    const copy = copyOf(folder);
    const [path, object] = pick(random, objectsIn(copy[file]));
    const keys = Object.keys(object);
    const key =
      random.integer(8) === 0 || keys.length === 0
        ? pick(random, ["extra", "__proto__", "constructor"])
        : pick(random, keys);
    const value = random.integer(6) === 0 ? absent : pick(random, junkValues);
    if (value === absent) delete object[key];
    else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
    return { what: `${folder.name}: ${file}.${path}.${key} is ${stringOf(value)}`, files: write(copy) };
  };
