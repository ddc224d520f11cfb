// Which calls of an op share a measurement: those of one class of shapes, with the same formats and options.
import type { OpCall } from "../kernels/define/preference.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * The class of a size: up to 8, or the next power of two. Up to 8 rows are one class, because a step over several
 * tokens has to choose what a step over one chooses: speculative decoding compares their results bitwise.
 */
export const sizeClass = (size: number): number => (size <= 8 ? 8 : 2 ** Math.ceil(Math.log2(size)));

/** What the calls that share a measurement have in common, as a text. */
export function keyOf({ op, tensors, options }: Pick<OpCall, "op" | "tensors" | "options">): string {
  const given = parts(tensors, 0).join(" ");
  const chosen = parts(options, 0).join(" ");
  return [op.opName, given, chosen].filter(Boolean).join(" | ");
}

/** The longest record of options within options that tells calls apart. */
const deepest = 3;

function parts(fields: object, depth: number): string[] {
  return Object.entries(fields)
    .filter(([name, value]) => name !== "into" && value !== undefined)
    .map(([name, value]) => [name, textOf(value, depth)] as const)
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name}:${text}`)
    .sort();
}

function textOf(value: unknown, depth: number): string {
  if (value instanceof Tensor) {
    const { dtype, shape, contiguous, segments } = value;
    const cut = segments.length > 1 ? " in segments" : "";
    return `${dtype}[${shape.map(sizeClass).join(",")}]${contiguous ? "" : " strided"}${cut}`;
  }
  if (typeof value === "boolean" || typeof value === "string") return String(value);
  // Scales and epsilons change no time, sizes do.
  if (typeof value === "number") return Number.isInteger(value) && value > 1 ? String(sizeClass(value)) : "";
  if (typeof value !== "object" || value === null || depth >= deepest) return "";
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, depth + 1)).join(",")}]`;
  return `{${parts(value, depth + 1).join(" ")}}`;
}
