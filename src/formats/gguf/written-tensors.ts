import { bytesPerElement, elementsOf } from "../../tensor/dtype.ts";
import { decodePlanes } from "../../tensor/formats/formats.ts";
import { FormatError } from "../format-error.ts";
import { elementsIn, type Grouped, type Made, withGroups } from "../grouped.ts";
import { dtypeOf, type StoredTensor } from "../safetensors/safetensors.ts";
import type { Weights } from "../weights.ts";
import type { GgufArchitecture, TensorRule } from "./architectures/architecture.ts";
import { type DeltaNetHeads, reordered, unpacked, type ValueHeads } from "./value-heads.ts";

// The inverse of named-tensors.ts: the tensors of a Hugging Face checkpoint as in a GGUF file.

/** A tensor of a GGUF file: tensors of a checkpoint, concatenated. */
export interface WrittenTensor {
  readonly name: string;
  /** Outermost axis first. */
  readonly shape: readonly number[];
  readonly parts: readonly StoredTensor[];
}

/** The tensors to write for a checkpoint. */
interface WrittenTensors {
  readonly tensors: readonly WrittenTensor[];
  /** Reads the parts. */
  readonly weights: Weights;
  /** Tensors of the checkpoint that have no name in GGUF. */
  readonly left: readonly string[];
}

/** What the order of heads depends on. */
interface HeadCounts extends LatentWidths {
  readonly kvHeads: number;
  /** Whether layers have experts. */
  readonly experts: boolean;
  readonly deltaNet?: DeltaNetHeads | undefined;
}

/** A rule with the pattern of the names that it applies to. */
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

function rulesOf(
  { outer, inner, innerOfExperts = {}, layer }: GgufArchitecture,
  prefix: string,
  experts: boolean,
): Written[] {
  const one =
    (before: string, isInner: boolean) =>
    ([key, rule]: [string, TensorRule]) => {
      const full = typeof rule === "string" ? ({ kind: "same", to: rule } as const) : rule;
      const other = full.kind === "unpacked" ? full.from : full.to;
      const name = (before + other).replace(/^model\.|^transformer\./, (whole) => (prefix === "none" ? "" : whole));
      return { key, rule: full, pattern: patternOf(name), inner: isInner };
    };
  const rules = [...Object.entries(experts ? innerOfExperts : {}), ...Object.entries(inner)];
  return [...Object.entries(outer).map(one("", false)), ...rules.map(one(layer, true))];
}

/** The tensors of a checkpoint as in a GGUF file of this architecture, in layer order. */
export function writtenTensors(weights: Weights, architecture: GgufArchitecture, counts: HeadCounts): WrittenTensors {
  const prefix = [...weights.tensors.keys()].some((name) => /^(model|transformer)\./.test(name)) ? "own" : "none";
  const rules = rulesOf(architecture, prefix, counts.experts);
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
    // Models that see pictures, too, have the text model within another.
    const own = tensor.name.replace(/^model\.language_model\./, "model.");
    const found = rules.find(({ pattern }) => pattern.test(own));
    if (!found) {
      left.push(tensor.name);
      continue;
    }
    const { key, rule, inner, pattern } = found;
    const [, first = "", second = ""] = pattern.exec(own) ?? [];
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
          // The tensor may itself be computed from others.
          { groups: 1, sources: [tensor], make: ([bytes = new Uint8Array()]) => bytes },
        );
        break;
      case "norm": {
        const [part, grouped] = changed(tensor, (weight) => weight + 1);
        add(name, part.shape, part, grouped);
        break;
      }
      case "row":
        add(name, tensor.shape.slice(1), tensor);
        break;
      case "squeezed":
        add(name, squeezed(tensor), tensor);
        break;
      case "stacked":
        for (const [i, which] of [key, rule.and].entries()) {
          const written = { name: at(which), ...stackedHalf(tensor, i) };
          if (tensors.has(written.name))
            throw new FormatError(tensor.file, `is written twice, as ${written.name}`, { field: tensor.name });
          tensors.set(written.name, written);
        }
        break;
      case "flat":
        add(name, rule.as === "row" ? [1, ...tensor.shape] : [...tensor.shape, 1], tensor);
        break;
      case "decay": {
        const [part, grouped] = changed(tensor, toDecay);
        add(name, rule.as ? [...part.shape, 1] : part.shape, part, grouped);
        break;
      }
      case "tiled": {
        const [part, grouped] = tiledHeads(tensor, deltaNetOf(counts), rule);
        add(name, rule.as === "squeezed" ? squeezed(tensor) : part.shape, part, grouped);
        break;
      }
      case "unpacked":
        for (const [i, parts] of unpacked(tensor, deltaNetOf(counts)).entries()) {
          const rows = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
          const written = i === 0 ? name : at(rule.and);
          tensors.set(written, { name: written, shape: [rows, tensor.shape[1] ?? 0], parts });
        }
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

// Tensors in GGUF's order, computed from those of a Hugging Face checkpoint.

type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor of another shape computed from `tensor`, with the same element type. */
const shaped = (tensor: StoredTensor, shape: readonly number[]): StoredTensor => {
  const made = { ...tensor, shape };
  return { ...made, end: made.begin + elementsIn(made) * bytesPerElement[dtypeOf(tensor)] };
};

/** The rows of queries or keys, with rotated pairs adjacent. */
function ggufHeadOrder(tensor: StoredTensor, heads: number): Made {
  const [rows = 0] = tensor.shape;
  const half = rows / heads / 2;
  if (!Number.isInteger(half) || half === 0) {
    throw new FormatError(tensor.file, `has ${rows} rows for ${heads} heads`, { field: tensor.name });
  }
  const row = (tensor.end - tensor.begin) / rows;
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(group.length);
    for (let i = 0; i < 2 * half; i++) {
      const to = i < half ? 2 * i : 2 * (i - half) + 1;
      out.set(group.subarray(i * row, (i + 1) * row), to * row);
    }
    return out;
  };
  return [{ ...tensor }, { groups: heads, sources: [tensor], make }];
}

/** The upper (0) or lower (1) half of the rows of a matrix, or of each of several. */
function stackedHalf(tensor: StoredTensor, which: number): Omit<WrittenTensor, "name"> {
  const [columns = 0, rows = 0, count = 1] = tensor.shape.toReversed();
  if (rows % 2 !== 0)
    throw new FormatError(tensor.file, `has ${rows} rows, expected an even number`, { field: tensor.name });
  const half = (tensor.end - tensor.begin) / count / 2;
  const shape = [rows / 2, columns];
  const parts = Array.from({ length: count }, (_, i) => {
    const begin = tensor.begin + (2 * i + which) * half;
    return { ...tensor, shape, begin, end: begin + half };
  });
  return { shape: [...tensor.shape.slice(0, -2), ...shape], parts };
}

function deltaNetOf({ deltaNet }: HeadCounts): DeltaNetHeads {
  if (!deltaNet) throw new TypeError("there are no heads of a gated DeltaNet");
  return deltaNet;
}

/** Value heads as files have them: the first of each key head, then the second of each, … */
function tiledHeads(
  tensor: StoredTensor,
  heads: ValueHeads,
  { along, as }: Extract<TensorRule, { readonly kind: "tiled" }>,
): readonly [StoredTensor, Grouped?] {
  const [part, first] = as === "decay" ? changed(tensor, toDecay) : [{ ...tensor }];
  const how = reordered(part, heads, along, "tiled");
  if (!how) return first ? [part, first] : [part];
  const { groups, make, decoded } = how;
  if (decoded) throw new FormatError(tensor.file, "has blocks of several heads", { field: tensor.name });
  return [part, { groups, sources: [tensor], make: (bytes) => make(first ? [first.make(bytes)] : bytes) }];
}

/** The shape without its middle axis of 1. */
function squeezed({ file, name, shape }: StoredTensor): number[] {
  const [rows = 0, one, columns = 0] = shape;
  if (shape.length === 3 && one === 1) return [rows, columns];
  throw new FormatError(file, `is [${shape.join(", ")}], expected 3 axes, the second of 1`, { field: name });
}

const toDecay = (logarithm: number) => -Math.exp(logarithm);

/** A tensor's elements, changed, as f32. */
function changed(tensor: StoredTensor, change: (value: number) => number): Made {
  const dtype = dtypeOf(tensor);
  const made = { ...tensor, dtype: "F32", end: tensor.begin + 4 * elementsIn(tensor) };
  const make = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
    const data = elementsOf(dtype, bytes.slice().buffer);
    return new Uint8Array(new Float32Array(decodePlanes(dtype, [data.length], { data }).map(change)).buffer);
  };
  return [made, { groups: 1, sources: [tensor], make }];
}

/** Every second element of the last axis: the first and the third, or the second and the fourth. */
function halfOf(tensor: StoredTensor, which: number): Made {
  const columns = tensor.shape.at(-1) ?? 0;
  if (columns % 2 !== 0) throw new FormatError(tensor.file, `has rows of ${columns}`, { field: tensor.name });
  const width = bytesPerElement[dtypeOf(tensor)];
  const make = ([bytes = new Uint8Array()]: readonly Bytes[]) => {
    const out = new Uint8Array(bytes.length / 2);
    for (let at = 0; at < out.length; at += width) {
      out.set(bytes.subarray(2 * at + which * width, 2 * at + (which + 1) * width), at);
    }
    return out;
  };
  return [shaped(tensor, [...tensor.shape.slice(0, -1), columns / 2]), { groups: 1, sources: [tensor], make }];
}

/** Widths of the heads of latent attention. */
interface LatentWidths {
  readonly heads: number;
  /** Elements of a head's key that are not rotated. */
  readonly nope: number;
}

/** From the projection of latents, each head's keys, transposed (0), or values (1). */
function latentPart(tensor: StoredTensor, { heads, nope }: LatentWidths, which: number): Made {
  const [rows = 0, rank = 0] = tensor.shape;
  const width = bytesPerElement[dtypeOf(tensor)];
  const values = rows / heads - nope;
  const fits = Number.isInteger(values) && values > 0 && tensor.shape.length === 2;
  if (!fits) throw new FormatError(tensor.file, `has ${rows} rows for ${heads} heads`, { field: tensor.name });
  const make = ([group = new Uint8Array()]: readonly Bytes[]) => {
    if (which === 1) return group.slice(nope * rank * width);
    const out = new Uint8Array(nope * rank * width);
    for (let row = 0; row < nope; row++) {
      for (let column = 0; column < rank; column++) {
        const from = (row * rank + column) * width;
        out.set(group.subarray(from, from + width), (column * nope + row) * width);
      }
    }
    return out;
  };
  const shape = which === 0 ? [heads, rank, nope] : [heads, values, rank];
  return [shaped(tensor, shape), { groups: heads, sources: [tensor], make }];
}
