import { elementsOf } from "../../tensor/dtype.ts";
import { decodePlanes, formats, isPlain } from "../../tensor/formats/formats.ts";
import { FormatError } from "../format-error.ts";
import { elementsIn, type Grouped, type Made } from "../grouped.ts";
import { dtypeOf, type StoredTensor, storageOf } from "../safetensors/safetensors.ts";
import type { GgufArchitecture, TensorRule } from "./architectures/architecture.ts";
import type { Facts } from "./facts.ts";
import { reordered, type ValueHeads } from "./value-heads.ts";

/** Tensors under Hugging Face's names: ranges of the file, and tensors combined from several or reordered. */
interface NamedTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly made: ReadonlyMap<StoredTensor, Grouped>;
}

/** A tensor's name: its layer, the rest, and a number in the rest. */
interface Place {
  readonly layer?: string | undefined;
  readonly rest: string;
  readonly number?: string | undefined;
}

/** Maximum matrices in a stacked tensor: a router's maximum number of experts. */
const maxStacked = 1024;

function placeOf(name: string): Place {
  const [, layer, rest = name] = /^blk\.(\d+)\.(.+)$/.exec(name) ?? [];
  const [, number] = /\.(\d+)\./.exec(rest) ?? [];
  return { layer, rest, number };
}

function ruleOf(
  { layer, rest, number }: Place,
  { outer, inner, innerOfExperts = {} }: GgufArchitecture,
): TensorRule | undefined {
  const rules = layer === undefined ? [outer] : [innerOfExperts, inner];
  const key = number === undefined ? rest : rest.replace(`.${number}.`, ".*.");
  return rules.find((some) => Object.hasOwn(some, key))?.[key];
}

/** Renames and splits the tensors of a GGUF file by the rules of its architecture. Others keep their names. */
export function nameTensors(architecture: GgufArchitecture, facts: Facts): NamedTensors {
  const tensors = new Map<string, StoredTensor>();
  const made = new Map<StoredTensor, Grouped>();
  const taken = new Set<StoredTensor>();

  function add(tensor: StoredTensor, grouped?: Grouped): void {
    if (tensors.has(tensor.name)) {
      throw new FormatError(tensor.file, "is what two tensors are in the file", { field: tensor.name });
    }
    tensors.set(tensor.name, tensor);
    if (!grouped) return;
    made.set(tensor, grouped);
    for (const source of grouped.sources) taken.add(source);
  }

  for (const tensor of facts.tensors.values()) {
    const place = placeOf(tensor.name);
    const rule = ruleOf(place, architecture);
    if (rule === undefined) continue;
    taken.add(tensor);
    const before = place.layer === undefined ? "" : architecture.layer.replace("*", place.layer);
    const full = (name: string) => before + name.replace("*", place.number ?? "");
    if (typeof rule === "string") add({ ...tensor, name: full(rule) });
    else for (const made of madeBy(tensor, rule, { ...tensor, name: full(rule.to) }, facts)) add(...made);
  }
  // Tensors without a rule keep their names, for the check for unread tensors.
  for (const tensor of facts.tensors.values()) {
    if (!taken.has(tensor) && !architecture.read?.includes(tensor.name)) add(tensor);
  }
  return { tensors, made };
}

/** How two tensors make one. */
const joins = { stacked, alternating, latent: latentGroups } as const;

/** Applies a rule to a tensor; `same` is the tensor under its other name. */
function madeBy(
  tensor: StoredTensor,
  rule: Exclude<TensorRule, string>,
  same: StoredTensor,
  facts: Facts,
): (readonly [StoredTensor, Grouped?])[] {
  const fail = (problem: string): never => {
    throw new FormatError(tensor.file, problem, { field: tensor.name });
  };
  const axes = (count: number) => {
    const { shape } = tensor;
    if (shape.length !== count) fail(`has ${shape.length} axes, expected ${count}`);
    return shape;
  };
  switch (rule.kind) {
    case "heads":
      return [headOrder(same, tensor, countOf(facts, rule.of))];
    case "experts": {
      const [count = 0, ...shape] = axes(3);
      if (count > maxStacked) fail(`has ${count} matrices, expected at most ${maxStacked}`);
      const bytes = (tensor.end - tensor.begin) / count;
      return Array.from({ length: count }, (_, i) => {
        const begin = tensor.begin + i * bytes;
        return [{ ...same, name: same.name.replace("#", String(i)), shape, begin, end: begin + bytes }];
      });
    }
    case "transposed":
      return [[{ ...same, shape: axes(2).toReversed(), transposed: true }]];
    case "norm":
      return [[{ ...same, added: 1 }]];
    case "row":
      return [[{ ...same, shape: tensor.shape.length === 1 ? [1, ...tensor.shape] : tensor.shape }]];
    case "squeezed": {
      const [rows = 0, columns = 0] = axes(2);
      return [[{ ...same, shape: [rows, 1, columns] }]];
    }
    case "flat":
    case "decay": {
      const shape = [elementsIn(tensor)];
      return [[rule.kind === "flat" ? { ...same, shape } : { ...same, shape, negExp: true }]];
    }
    case "unpacked":
      return [[same]];
    case "tiled": {
      const [[own] = [same]] = rule.as ? madeBy(tensor, { kind: rule.as, to: rule.to }, same, facts) : [];
      return [inOrder(own, tensor, headsOf(facts), rule.along)];
    }
    case "stacked":
    case "alternating":
    case "latent": {
      const name = tensor.name.replace(placeOf(tensor.name).rest, rule.and);
      const other = facts.tensors.get(name) ?? fail(`is there without ${name}`);
      if (other.file !== tensor.file) fail(`is in another file than ${name}, which is not supported`);
      return [joins[rule.kind](same, tensor, other)];
    }
  }
}

/** The number of heads of queries, or of keys and values. */
function countOf(facts: Facts, of: "heads" | "kvHeads"): number {
  const heads = facts.number("attention.head_count");
  const each = facts.list("attention.head_count_kv");
  const ofKeys = each ? each.find((count) => count !== 0) : facts.number("attention.head_count_kv");
  const count = of === "heads" ? heads : (ofKeys ?? heads);
  if (typeof count === "number" && Number.isInteger(count) && count > 0) return count;
  const problem = count === undefined ? "is missing" : `is ${count}, expected a number of heads`;
  return facts.reader.fail(facts.key("attention.head_count"), problem);
}

/** The heads of a gated DeltaNet. */
function headsOf(facts: Facts): ValueHeads {
  const count = (key: string): number => {
    const value = facts.number(key);
    if (value !== undefined && Number.isInteger(value) && value > 0) return value;
    return facts.reader.fail(facts.key(key), `is ${value ?? "missing"}, expected a number of at least 1`);
  };
  const [keys, values, inner] = [count("ssm.group_count"), count("ssm.time_step_rank"), count("ssm.inner_size")];
  if (values % keys !== 0 || inner % values !== 0) {
    facts.reader.fail(facts.key("ssm.time_step_rank"), `is ${values}, for ${keys} key heads and a width of ${inner}`);
  }
  return { keys, values, width: inner / values };
}

// Tensors in Hugging Face's order, computed from those of a GGUF file.

type Bytes = Uint8Array<ArrayBuffer>;

const refuse = ({ file, name }: StoredTensor, problem: string): never => {
  throw new FormatError(file, problem, { field: name });
};

/**
 * The rows of queries or keys: in each head, GGUF's `llama` has row i of the first half as row 2i, and of the second
 * half as row 2i + 1.
 */
function headOrder(same: StoredTensor, tensor: StoredTensor, heads: number): Made {
  const [rows = 0] = tensor.shape;
  const half = rows / heads / 2;
  if (!Number.isInteger(half) || half === 0) {
    return refuse(tensor, `has ${rows} rows for ${heads} heads, expected an even number for each`);
  }
  const row = (tensor.end - tensor.begin) / rows;
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(group.length);
    for (let i = 0; i < half; i++) {
      for (const second of [0, 1]) {
        const from = 2 * i + second;
        out.set(group.subarray(from * row, (from + 1) * row), (i + second * half) * row);
      }
    }
    return out;
  };
  const together = (elementsIn(tensor) / rows) * 2 * half;
  return [
    { ...same, together },
    { groups: heads, sources: [tensor], make },
  ];
}

/** Value heads that follow one another as their key heads do. */
function inOrder(
  same: StoredTensor,
  tensor: StoredTensor,
  heads: ValueHeads,
  along: "rows" | "columns",
): readonly [StoredTensor, Grouped?] {
  const how = reordered(tensor, heads, along, "grouped");
  if (!how) return [same];
  const { groups, make, decoded } = how;
  return [
    {
      ...(decoded ? made(same, same.shape) : same),
      ...(along === "columns" ? { together: same.shape.at(-1) ?? 1 } : {}),
    },
    { groups, sources: [tensor], make },
  ];
}

function checkShapes(tensor: StoredTensor, other: StoredTensor): void {
  if (String(tensor.shape) === String(other.shape)) return;
  refuse(tensor, `is [${tensor.shape.join(", ")}], but ${other.name} is [${other.shape.join(", ")}]`);
}

/** The rows of each matrix, then those of the other's. */
function stacked(same: StoredTensor, tensor: StoredTensor, other: StoredTensor): Made {
  checkShapes(tensor, other);
  if (tensor.dtype !== other.dtype) refuse(tensor, `is ${tensor.dtype}, but ${other.name} is ${other.dtype}`);
  const [columns = 0, rows = 0, groups = 1] = tensor.shape.toReversed();
  const make = ([first = new Uint8Array(), second = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(first.length + second.length);
    out.set(first);
    out.set(second, first.length);
    return out;
  };
  const shape = [...tensor.shape.slice(0, -2), 2 * rows, columns];
  const end = same.begin + 2 * (tensor.end - tensor.begin);
  return [
    { ...same, shape, end },
    { groups, sources: [tensor, other], make },
  ];
}

/** Two tensors of equal shapes interleaved along the last axis. */
function alternating(same: StoredTensor, tensor: StoredTensor, other: StoredTensor): Made {
  checkFloat(tensor);
  checkFloat(other);
  checkShapes(tensor, other);
  const make = (sources: readonly Bytes[]) => {
    const [first, second] = sources.map((bytes) => new Uint32Array(bytes.slice().buffer));
    const out = new Uint32Array(2 * (first?.length ?? 0));
    for (let i = 0; i < out.length; i++) out[i] = (i % 2 === 0 ? first : second)?.[i >> 1] ?? 0;
    return new Uint8Array(out.buffer);
  };
  const shape = [...tensor.shape.slice(0, -1), 2 * (tensor.shape.at(-1) ?? 1)];
  return [made(same, shape), { groups: 1, sources: [tensor, other], make }];
}

/**
 * The projection from latents to keys and values (DeepSeek): for each head the keys `[rank, nope]`, transposed, and the
 * values `[width, rank]`.
 */
function latentGroups(same: StoredTensor, keys: StoredTensor, values: StoredTensor): Made {
  const [heads = 0, rank = 0, nope = 0] = keys.shape;
  const [others, width = 0, columns] = values.shape;
  if (keys.shape.length !== 3 || values.shape.length !== 3 || others !== heads || columns !== rank || heads === 0) {
    return refuse(
      keys,
      `is [${keys.shape.join(", ")}], which does not fit ${values.name} [${values.shape.join(", ")}]`,
    );
  }
  const make = ([ofKeys = new Uint8Array(), ofValues = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Float32Array((nope + width) * rank);
    const numbers = decoded(keys, ofKeys, nope);
    for (let row = 0; row < nope; row++) {
      for (let column = 0; column < rank; column++) out[row * rank + column] = numbers[column * nope + row] ?? 0;
    }
    out.set(decoded(values, ofValues, rank), nope * rank);
    return new Uint8Array(out.buffer);
  };
  const tensor = made(same, [heads * (nope + width), rank]);
  return [
    { ...tensor, together: (nope + width) * rank },
    { groups: heads, sources: [keys, values], make },
  ];
}

/** An f32 tensor computed from others: their offset in the file, and its own length. */
const made = (same: StoredTensor, shape: readonly number[]): StoredTensor => {
  const tensor = { ...same, shape, dtype: "F32" };
  return { ...tensor, end: tensor.begin + 4 * elementsIn(tensor) };
};

function checkFloat(tensor: StoredTensor): void {
  if (dtypeOf(tensor) !== "f32") refuse(tensor, `is ${tensor.dtype}, expected F32`);
}

/** Rows of `columns` elements as numbers. */
function decoded(tensor: StoredTensor, bytes: Bytes, columns: number): Float64Array {
  const dtype = storageOf(tensor);
  const own = bytes.slice();
  if (isPlain(dtype)) return decodePlanes(dtype, [columns], { data: elementsOf(dtype, own.buffer) });
  const planes = formats[dtype].ggml?.split(own);
  return planes ? decodePlanes(dtype, [1, columns], planes) : refuse(tensor, `is ${tensor.dtype}, expected floats`);
}
