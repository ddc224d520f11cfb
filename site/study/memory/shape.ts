import type { MemoryInfo } from "../../../src/wgsl/run/step/types.ts";

/** How a memory is drawn: rows of so many words of four bytes. */
export interface MemoryShape {
  readonly columns: number;
  readonly rows: number;
  /** The axes of its comment, such as `rows, k`; undefined where it has none. */
  readonly axes: string | undefined;
}

/** The axes that the comment after a variable's declaration gives: `// [rows, k]`. */
export function axesOf(code: string, name: string): string | undefined {
  const declaration = new RegExp(`var<[^>]*>\\s+${name}\\s*:[^;\\n]*;\\s*//\\s*\\[([^\\]]*)\\]`);
  return declaration.exec(code)?.[1];
}

/**
 * The rows in which a memory is drawn: those of an array of arrays, else those of the last axis of its comment, if that
 * is a size or a field of a uniform; else one row for each turn of the 32 banks.
 */
export function shapeOf(
  { name, bytes, stride, scalars, space }: MemoryInfo,
  code: string,
  sizes: Readonly<Record<string, number>>,
): MemoryShape {
  const axes = axesOf(code, name);
  const words = Math.ceil(bytes / 4);
  const shape = (columns: number) => ({ columns, rows: Math.ceil(words / columns), axes });
  if (stride > 16 && stride < bytes) return shape(Math.ceil(stride / 4));
  const last = axes?.split(",").at(-1)?.trim() ?? "";
  const size = Object.hasOwn(sizes, last) ? (sizes[last] ?? 0) : 0;
  const scalarBytes = scalars[0]?.scalar === "f16" ? 2 : 4;
  const own = Math.ceil((size * scalarBytes) / 4);
  if (space !== "uniform" && own > 1 && own <= words) return shape(own);
  return shape(Math.max(1, Math.min(32, words)));
}
