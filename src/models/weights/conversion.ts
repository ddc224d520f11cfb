// Losses when weights are converted to another type: no finite number may become infinite, and those that become 0 are
// counted.
import { firstNotFinite } from "../../formats/finite.ts";
import { FormatError } from "../../formats/format-error.ts";
import type { StoredTensor } from "../../formats/safetensors/safetensors.ts";
import type { Planes } from "../../tensor/formats/format.ts";
import { type DType, decodePlanes, encodePlanes, formats, isPlain } from "../../tensor/formats/formats.ts";

/** The source of converted numbers: which element of a tensor the i-th one is. */
export interface Origin {
  readonly tensor: StoredTensor;
  readonly elementOf: (i: number) => number;
}

/** Counts, for each tensor, the elements other than 0 that become 0. */
export interface Losses {
  readonly add: (tensor: StoredTensor, to: DType, count: number, largest: number) => void;
  /** A line per affected tensor. */
  readonly lines: () => string[];
}

export function countLosses(): Losses {
  const lost = new Map<StoredTensor, { count: number; largest: number; to: DType }>();
  return {
    add(tensor, to, count, largest) {
      if (count === 0) return;
      const before = lost.get(tensor) ?? { count: 0, largest: 0, to };
      lost.set(tensor, { count: before.count + count, largest: Math.max(before.largest, largest), to });
    },
    lines: () =>
      [...lost].map(([{ name, file, shape }, { count, largest, to }]) => {
        const all = shape.reduce((product, axis) => product * axis, 1);
        return `${file}: ${name}: as ${to}, ${count} of ${all} elements become 0, the largest ${largest}`;
      }),
  };
}

/**
 * Rows of one format in another; those of plain types need not be whole. Throws `FormatError`, with the tensor, the
 * element and its value, where a finite number becomes infinite.
 */
export function convert(
  from: DType,
  to: DType,
  planes: Planes,
  columns: number,
  { tensor, elementOf }: Origin,
  losses: Losses,
): Planes {
  if (from === to) return planes;
  const numbers = decodePlanes(from, [1, columns], planes);
  const made = encodePlanes(to, [1, columns], numbers);
  const { data } = made;
  const anyNotFinite = isPlain(to)
    ? firstNotFinite(to, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) >= 0
    : formats[to].firstNotFinite?.(made) !== undefined;
  if (anyNotFinite) {
    // `verify` handles numbers that were not finite before; one of them makes its whole block NaN.
    const stored = decodePlanes(to, [1, columns], made);
    const block = Math.max(
      ...Object.values(formats[to].planes).map(({ elements }) => (elements === "row" ? columns : elements)),
    );
    const blockOf = (i: number) => numbers.subarray(i - (i % block), i - (i % block) + block);
    const first = numbers.findIndex((_, i) => !Number.isFinite(stored[i]) && blockOf(i).every(Number.isFinite));
    const furthest = (a: number, b: number) => (Math.abs(numbers[b] ?? 0) > Math.abs(numbers[a] ?? 0) ? b : a);
    const index = first < 0 ? -1 : [...blockOf(first).keys()].map((i) => first - (first % block) + i).reduce(furthest);
    const is = `is ${numbers[index]} at element ${elementOf(index)}`;
    const becomes = isPlain(to) ? "infinite" : "not finite";
    if (index >= 0) throw new FormatError(tensor.file, `${is}, which is ${becomes} as ${to}`, { field: tensor.name });
  }
  if (to === "f32" || !isPlain(to)) return made; // f32 holds every number of the others; blocks share their scale
  let [count, largest] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    const number = numbers[i] ?? 0;
    if (number === 0 || ((data[i] ?? 0) & 0x7fff) !== 0) continue;
    count++;
    largest = Math.max(largest, Math.abs(number));
  }
  losses.add(tensor, to, count, largest);
  return made;
}
