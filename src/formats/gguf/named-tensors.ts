import { FormatError } from "../format-error.ts";
import type { Grouped } from "../grouped.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { GgufArchitecture, TensorRule } from "./architectures/architecture.ts";
import type { Facts } from "./facts.ts";
import { alternating, headOrder, latentGroups } from "./from-gguf-order.ts";

/** Tensors under Hugging Face's names: ranges of the file, and those whose bytes are made of several or reordered. */
export interface NamedTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly made: ReadonlyMap<StoredTensor, Grouped>;
}

/** A tensor's name: its layer, what follows, and a number in that. */
interface Place {
  readonly layer?: string | undefined;
  readonly rest: string;
  readonly number?: string | undefined;
}

/** Most matrices that are stacked in a tensor: the most experts that a router chooses from. */
const mostStacked = 1024;

function placeOf(name: string): Place {
  const [, layer, rest = name] = /^blk\.(\d+)\.(.+)$/.exec(name) ?? [];
  const [, number] = /\.(\d+)\./.exec(rest) ?? [];
  return { layer, rest, number };
}

function ruleOf({ layer, rest, number }: Place, { outer, inner }: GgufArchitecture): TensorRule | undefined {
  const rules = layer === undefined ? outer : inner;
  const key = number === undefined ? rest : rest.replace(`.${number}.`, ".*.");
  return Object.hasOwn(rules, key) ? rules[key] : undefined;
}

/** Renames and takes apart the tensors of a GGUF file by the rules of its architecture. Others keep their names. */
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
  // What no rule names keeps its name, for the check that everything is read.
  for (const tensor of facts.tensors.values()) {
    if (!taken.has(tensor) && !architecture.read?.includes(tensor.name)) add(tensor);
  }
  return { tensors, made };
}

/** What a rule makes of a tensor; `same` is it under its other name. */
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
      if (count > mostStacked) fail(`has ${count} matrices, expected at most ${mostStacked}`);
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
    case "alternating":
    case "latent": {
      const name = tensor.name.replace(placeOf(tensor.name).rest, rule.and);
      const other = facts.tensors.get(name) ?? fail(`is there without ${name}`);
      if (other.file !== tensor.file) fail(`is in another file than ${name}, which is not supported`);
      return [rule.kind === "latent" ? latentGroups(same, tensor, other) : alternating(same, tensor, other)];
    }
  }
}

/** The number of heads of queries, or of keys and values. */
function countOf(facts: Facts, of: "heads" | "kvHeads"): number {
  const heads = facts.number("attention.head_count");
  const count = of === "heads" ? heads : (facts.number("attention.head_count_kv") ?? heads);
  if (count !== undefined && Number.isInteger(count) && count > 0) return count;
  const problem = count === undefined ? "is missing" : `is ${count}, expected a number of heads`;
  return facts.reader.fail(facts.key("attention.head_count"), problem);
}
