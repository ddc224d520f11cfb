// The other way round of named-tensors.ts: the tensors of a Hugging Face checkpoint as a GGUF file holds them.
import { FormatError } from "../format-error.ts";
import { type Grouped, withGroups } from "../grouped.ts";
import type { StoredTensor } from "../safetensors.ts";
import type { Weights } from "../weights.ts";
import type { GgufArchitecture, TensorRule } from "./architectures/architecture.ts";
import { ggufHeadOrder, halfOf, type LatentWidths, latentPart, moreOne } from "./to-gguf-order.ts";

/** A tensor of a GGUF file, made of those of a checkpoint one after another. */
export interface WrittenTensor {
  readonly name: string;
  /** Outermost axis first. */
  readonly shape: readonly number[];
  readonly parts: readonly StoredTensor[];
}

/** What is written of a checkpoint. */
export interface WrittenTensors {
  readonly tensors: readonly WrittenTensor[];
  /** Reads the parts. */
  readonly weights: Weights;
  /** Tensors of the checkpoint that have no name in GGUF. */
  readonly left: readonly string[];
}

/** What head orders depend on. */
export interface HeadCounts extends LatentWidths {
  readonly kvHeads: number;
}

/** A rule with what finds the names that it applies to. */
interface Written {
  readonly key: string;
  readonly rule: Exclude<TensorRule, string> | { readonly kind: "same"; readonly to: string };
  readonly pattern: RegExp;
  readonly inner: boolean;
}

function patternOf(name: string): RegExp {
  const source = name.replaceAll(/[.]/g, "\\.").replaceAll(/[*#]/g, "(\\d+)");
  return new RegExp(`^${source}$`);
}

function rulesOf({ outer, inner, layer }: GgufArchitecture, prefix: string): Written[] {
  const one =
    (before: string, isInner: boolean) =>
    ([key, rule]: [string, TensorRule]) => {
      const full = typeof rule === "string" ? ({ kind: "same", to: rule } as const) : rule;
      const name = (before + full.to).replace(/^model\.|^transformer\./, (whole) => (prefix === "none" ? "" : whole));
      return { key, rule: full, pattern: patternOf(name), inner: isInner };
    };
  return [...Object.entries(outer).map(one("", false)), ...Object.entries(inner).map(one(layer, true))];
}

/** The tensors of a checkpoint as a GGUF file of this architecture holds them, in the order of their layers. */
export function writtenTensors(weights: Weights, architecture: GgufArchitecture, counts: HeadCounts): WrittenTensors {
  const prefix = [...weights.tensors.keys()].some((name) => /^(model|transformer)\./.test(name)) ? "own" : "none";
  const rules = rulesOf(architecture, prefix);
  const made = new Map<StoredTensor, Grouped>();
  const stacks = new Map<string, StoredTensor[]>();
  const tensors = new Map<string, WrittenTensor>();
  const left: string[] = [];

  const add = (name: string, shape: readonly number[], part: StoredTensor, grouped?: Grouped): void => {
    if (tensors.has(name)) throw new FormatError(part.file, `is written twice, as ${name}`, { field: part.name });
    if (grouped) made.set(part, grouped);
    tensors.set(name, { name, shape, parts: [part] });
  };

  for (const tensor of weights.tensors.values()) {
    const found = rules.find(({ pattern }) => pattern.test(tensor.name));
    if (!found) {
      left.push(tensor.name);
      continue;
    }
    const { key, rule, inner, pattern } = found;
    const [, first = "", second = ""] = pattern.exec(tensor.name) ?? [];
    const at = (name: string) => (inner ? `blk.${first}.${name}`.replace("*", second) : name.replace("*", first));
    const name = at(key);
    switch (rule.kind) {
      case "same":
        add(name, tensor.shape, tensor);
        break;
      case "heads": {
        const [part, grouped] = ggufHeadOrder(tensor, counts[rule.of]);
        add(name, part.shape, part, grouped);
        break;
      }
      case "experts": {
        const stack = stacks.get(name) ?? [];
        stack[Number(second)] = tensor;
        stacks.set(name, stack);
        break;
      }
      case "transposed":
        add(
          name,
          tensor.shape.toReversed(),
          { ...tensor, transposed: true },
          // The tensor may itself be made of others.
          { groups: 1, sources: [tensor], make: ([bytes = new Uint8Array()]) => bytes },
        );
        break;
      case "norm": {
        const [part, grouped] = moreOne(tensor);
        add(name, part.shape, part, grouped);
        break;
      }
      case "row":
        add(name, tensor.shape.slice(1), tensor);
        break;
      case "alternating":
        for (const [i, which] of [key, rule.and].entries()) {
          const [part, grouped] = halfOf(tensor, i);
          add(at(which), part.shape, part, grouped);
        }
        break;
      case "latent":
        for (const [i, which] of [key, rule.and].entries()) {
          const [part, grouped] = latentPart(tensor, counts, i);
          add(at(which), part.shape, part, grouped);
        }
        break;
    }
  }
  for (const [name, parts] of stacks) {
    const [first] = parts;
    const missing = first ? parts.findIndex((part) => String(part?.shape) !== String(first.shape)) : 0;
    if (!first || missing >= 0) throw new FormatError(weights.file, `lacks matrix ${missing}`, { field: name });
    tensors.set(name, { name, shape: [parts.length, ...first.shape], parts });
  }
  return { tensors: [...tensors.values()], weights: withGroups(weights, made), left };
}
