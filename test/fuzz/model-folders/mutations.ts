import type { RandomSource } from "../../../src/check/random.ts";
import { type Folder, folders, write } from "./folders.ts";
import { anyValue, oneForbidden } from "./json-mutations.ts";
import { copyOf, isWeights, type Mutated, type Mutation, pick } from "./mutation.ts";
import { extra, header, headerLength, index, missing, nameTwice, wrongShape, wrongType } from "./tensor-mutations.ts";

/** Changes the bytes of one file that is there. */
const bytes =
  (
    of: (name: string) => boolean,
    change: (bytes: Uint8Array, random: RandomSource) => Uint8Array,
    expected?: "refused",
  ): Mutation =>
  (folder, random) => {
    const files = write(folder);
    const name = pick(random, Object.keys(files).filter(of));
    files[name] = change(files[name] as Uint8Array, random);
    return { what: `${folder.name}: bytes of ${name}`, files, names: [name], ...(expected ? { expected } : {}) };
  };

const isJson = (name: string) => name.endsWith(".json");
const cut = (file: Uint8Array, random: RandomSource) => file.slice(0, random.integer(file.length));

function flipped(file: Uint8Array, random: RandomSource): Uint8Array {
  const out = file.slice();
  const most = Math.min(out.length, 4000); // the header, where it is a file of weights
  for (let i = 0; i <= random.integer(3); i++) out[random.integer(most)] = random.integer(256);
  return out;
}

/** A text in which the first key occurs twice. */
const keyTwice = (file: Uint8Array) => {
  const text = new TextDecoder().decode(file);
  const [, key = '"x"'] = /("[^"]*")\s*:/.exec(text) ?? [];
  return new TextEncoder().encode(text.replace("{", `{${key}:null,`));
};

const noJson = [
  "",
  " ",
  "[]",
  "null",
  "5",
  '"x"',
  "{",
  "{}x",
  "NaN",
  "[".repeat(1e5),
  "\ufeff{",
  "{'a': 1}",
  '{"a": NaN}',
];

const needed = ["config.json", "tokenizer.json", "model.safetensors", "model-00002-of-00002.safetensors"];

const noFile: Mutation = (folder, random) => {
  const files = write(random.integer(2) === 0 ? folder : { ...copyOf(folder), shards: 2 });
  const name = pick(random, Object.keys(files));
  delete files[name];
  const must = needed.includes(name) || name.endsWith("index.json");
  return { what: `${folder.name}: no ${name}`, files, ...(must ? { expected: "refused", names: [name] } : {}) };
};

/** Shards with their index, and one file as well: readers differ in which they take. */
const twice: Mutation = (folder) => {
  const names = ["model.safetensors"];
  const files = { ...write({ ...folder, shards: 1 }), ...write({ ...copyOf(folder), shards: 2 }) };
  return { what: `${folder.name}: an index and ${names}`, files, expected: "noticed", names };
};

/** What is done to a folder, by class. */
export const mutations: Readonly<Record<string, Mutation>> = {
  "forbidden in config.json": oneForbidden("config"),
  "forbidden in generation_config.json": oneForbidden("generation"),
  "forbidden in tokenizer_config.json": oneForbidden("tokenizerConfig"),
  "forbidden in tokenizer.json": oneForbidden("tokenizer"),
  "any value of config.json": anyValue("config"),
  "any value of generation_config.json": anyValue("generation"),
  "any value of tokenizer_config.json": anyValue("tokenizerConfig"),
  "any value of tokenizer.json": anyValue("tokenizer"),
  "tensor missing": missing,
  "tensor extra": extra,
  "tensor of another shape": wrongShape,
  "tensor of another type": wrongType,
  "offsets of a tensor": header,
  "name of a tensor twice": nameTwice,
  "length of a header": headerLength,
  "weights cut off": bytes(isWeights, cut, "refused"),
  "weights with other bytes": bytes(isWeights, flipped),
  "weights with more bytes": bytes(isWeights, (file) => new Uint8Array([...file, 0]), "refused"),
  "index of shards": index,
  "weights twice": twice,
  "JSON cut off": bytes(isJson, cut, "refused"),
  "JSON with other bytes": bytes(isJson, flipped),
  "JSON with a key twice": bytes(isJson, keyTwice, "refused"),
  "JSON that is none": bytes(isJson, (_, random) => new TextEncoder().encode(pick(random, noJson)), "refused"),
  "file missing": noFile,
};

/** A folder of every architecture in turn, changed in the way of every class in turn. */
export function mutated(attempt: number, random: RandomSource): readonly [kind: string, Mutated] | undefined {
  const kinds = Object.keys(mutations);
  const kind = kinds[attempt % kinds.length] ?? "";
  const folder = folders[random.integer(folders.length)] as Folder;
  const made = mutations[kind]?.(folder, random);
  return made && [kind, made];
}
