import type { RandomSource } from "../../../src/check/random.ts";
import { type Folder, headerOf, jsonText, literal, type Stored, weightsFile, write } from "./folders.ts";
import { copyOf, isWeights, type Mutated, type Mutation, pick, stringOf } from "./mutation.ts";

/** Tensors that a family's checkpoints may hold or not: masks, and a layer that predicts further tokens. */
const isOptional = ({ config }: Folder, name: string) =>
  /\.attn\.(masked_)?bias$/.test(name) || ("num_nextn_predict_layers" in config && name.startsWith("model.layers.3."));

function changeTensors(
  folder: Folder,
  random: RandomSource,
  change: (tensors: Record<string, Stored>, name: string, tensor: Stored) => Partial<Mutated> | undefined,
): Mutated | undefined {
  const copy = copyOf(folder);
  const name = pick(
    random,
    Object.keys(copy.tensors).filter((one) => !isOptional(folder, one)),
  );
  const changed = change(copy.tensors, name, copy.tensors[name] as Stored);
  return (
    changed && { what: `${folder.name}: ${name}`, expected: "refused", names: [name], files: write(copy), ...changed }
  );
}

export const missing: Mutation = (folder, random) =>
  changeTensors(folder, random, (tensors, name) => {
    delete tensors[name];
    // The names of all others follow from whether this one has a prefix.
    return /embed_tokens|wte/.test(name) || name.includes("_blocks") ? { names: Object.keys(folder.tensors) } : {};
  });

export const extra: Mutation = (folder, random) => {
  const copy = copyOf(folder);
  const layer = random.integer(3);
  const [first = ""] = Object.keys(folder.tensors);
  const prefix = folder.config["n_embd"]
    ? `${first.startsWith("transformer.") ? "transformer." : ""}h.`
    : "model.layers.";
  const name = pick(random, [
    "unread",
    "__proto__",
    `${prefix}${layer}.unread.weight`,
    `${prefix}${layer}.attention.extra.bias`,
    `${prefix}7.unread.weight`,
    "vision_tower.patch.weight",
  ]);
  copy.tensors = Object.fromEntries([
    ...Object.entries(copy.tensors),
    [name, { dtype: pick(random, ["F32", "I8"]), shape: [4] }],
  ]);
  return { what: `${folder.name}: also ${name}`, expected: "noticed", names: [name], files: write(copy) };
};

export const wrongShape: Mutation = (folder, random) =>
  changeTensors(folder, random, (tensors, name, { dtype, shape }) => {
    const other = pick(random, [
      [...shape, 1],
      shape.map((extent) => extent + 1),
      shape.toReversed(),
      shape.slice(1),
      [...shape.slice(0, -1), (shape.at(-1) ?? 0) * 2],
      [0],
    ]);
    if (other.join() === shape.join()) return undefined;
    tensors[name] = { dtype, shape: other };
    return {};
  });

export const wrongType: Mutation = (folder, random) =>
  changeTensors(folder, random, (tensors, name, { dtype, shape }) => {
    const other = pick(random, ["F64", "I64", "I32", "I8", "F8_E4M3", ...(dtype === "U8" ? ["F32"] : ["U8"])]);
    tensors[name] = { dtype: other, shape };
    return {};
  });

/** A header that does not fit its data, in a file whose other tensors are as they should be. */
export const header: Mutation = (folder, random) => {
  if (folder.shards > 1) return undefined;
  const { header: entries, bytes: size } = headerOf(folder.tensors);
  const [name, entry] = pick(random, Object.entries(entries));
  const [begin, end] = entry.data_offsets;
  const offsets = pick<readonly unknown[]>(random, [
    [begin - 4, end - 4],
    [begin + 4, end + 4],
    [end, begin],
    [begin, end + 4],
    [begin + 2 ** 40, end + 2 ** 40],
    [begin],
    [String(begin), end],
    [begin, literal("NaN")],
    [begin, literal("1e999")],
    [-4, end],
  ]);
  const broken = { ...entries, [name]: { ...entry, data_offsets: offsets } };
  const files = { ...write(folder), "model.safetensors": weightsFile(jsonText(broken), size) };
  return {
    what: `${folder.name}: offsets of ${name} are ${stringOf(offsets)}`,
    files,
    expected: "refused",
    names: ["model.safetensors"],
  };
};

/** A header in which a tensor's name occurs twice, with the same tensor. */
export const nameTwice: Mutation = (folder, random) => {
  const { header: entries, bytes: size } = headerOf(folder.tensors);
  const [name, entry] = pick(random, Object.entries(entries));
  const text = JSON.stringify(entries).replace("{", () => `{${JSON.stringify(name)}:${JSON.stringify(entry)},`);
  const files = { ...write({ ...folder, shards: 1 }), "model.safetensors": weightsFile(text, size) };
  return { what: `${folder.name}: ${name} twice`, files, expected: "refused", names: [name] };
};

export const headerLength: Mutation = (folder, random) => {
  const files = write(folder);
  const name = pick(random, Object.keys(files).filter(isWeights));
  const file = (files[name] as Uint8Array).slice();
  const length = pick(random, [
    0n,
    1n,
    2n ** 63n,
    2n ** 32n,
    BigInt(file.length),
    0x7ff8000000000000n,
    0xffffffffffffffffn,
  ]);
  new DataView(file.buffer).setBigUint64(0, length, true);
  files[name] = file;
  return { what: `${folder.name}: header of ${length} bytes`, files, expected: "refused", names: [name] };
};

/** Bits of NaN and of infinities, little-endian. */
const notFiniteBits: Readonly<Record<string, readonly (readonly number[])[]>> = {
  F32: [
    [0, 0, 0xc0, 0x7f],
    [0, 0, 0x80, 0x7f],
    [0, 0, 0x80, 0xff],
    [1, 0, 0x80, 0x7f],
  ],
  F16: [
    [0, 0x7e],
    [0, 0x7c],
    [0, 0xfc],
    [1, 0x7c],
  ],
  BF16: [
    [0xc0, 0x7f],
    [0x80, 0x7f],
    [0x80, 0xff],
    [0x81, 0x7f],
  ],
};

/** A folder in which one element of one tensor is NaN or infinite, whose name and index an error has to have. */
export function notFinite(folder: Folder, random: RandomSource) {
  const files = write({ ...folder, shards: 1 });
  const { header: entries } = headerOf(folder.tensors);
  const possible = Object.entries(entries).filter(
    ([name, { dtype }]) => notFiniteBits[dtype] && !isOptional(folder, name),
  );
  const [
    name,
    {
      dtype,
      data_offsets: [begin, end],
    },
  ] = pick(random, possible);
  const bits = pick(random, notFiniteBits[dtype] ?? []);
  const element = random.integer((end - begin) / bits.length);
  const file = files["model.safetensors"] as Uint8Array<ArrayBuffer>;
  const data = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  file.set(bits, data + begin + element * bits.length);
  return {
    what: `${folder.name}: element ${element} of ${name} is ${bits}`,
    files,
    names: [name, `element ${element},`],
  };
}

export const index: Mutation = (folder, random) => {
  const sharded = { ...copyOf(folder), shards: 2 };
  const files = write(sharded);
  const name = "model.safetensors.index.json";
  const parsed = JSON.parse(new TextDecoder().decode(files[name])) as { weight_map: Record<string, unknown> };
  const [tensor = ""] = Object.keys(parsed.weight_map);
  const shard = "model-00001-of-00002.safetensors";
  const map = pick<unknown>(random, [
    ...[null, [], 5, {}, "x"],
    ...[
      "../config.json",
      "/etc/passwd",
      "other.safetensors",
      "",
      5,
      null,
      "https://x/y.safetensors",
      ".safetensors",
    ].map((file) => ({
      ...parsed.weight_map,
      [tensor]: file,
    })),
    { ...parsed.weight_map, [tensor]: "model-00002-of-00002.safetensors" },
    { ...parsed.weight_map, nowhere: shard },
    Object.fromEntries(Object.entries(parsed.weight_map).slice(1)),
  ]);
  files[name] = new TextEncoder().encode(JSON.stringify({ ...parsed, weight_map: map }));
  return { what: `${folder.name}: index maps ${stringOf(map)}`, files, expected: "refused", names: ["safetensors"] };
};
