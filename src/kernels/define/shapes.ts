import { formatShape, type Shape, ShapeError, sizeOf } from "../../tensor/shape.ts";

/** Names of axes in a pattern: `AxesOf<"[...rows, cols]">` is `"rows" | "cols"`. Sizes such as `2` have no name. */
export type AxesOf<P> = P extends `[${infer Inner}]` ? AxisNames<Inner> : never;
type AxisNames<S extends string> = S extends `${infer Head}, ${infer Tail}`
  ? AxisName<Head> | AxisNames<Tail>
  : AxisName<S>;
type AxisName<S extends string> = S extends `...${infer Name}` ? Name : S extends `${number}` | "" ? never : S;

/** One axis of a pattern: a size, a name, or a name for all leading axes together. */
type PatternAxis =
  | { readonly kind: "size"; readonly size: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "leading"; readonly name: string };

/** Reads `"[b, h, t, d]"`, `"[...rows, cols]"` (any number of leading axes, as their product) or `"[t, 2]"`. */
export function parsePattern(pattern: string): PatternAxis[] {
  const inner = /^\[(.*)\]$/.exec(pattern)?.[1];
  if (inner === undefined) throw new ShapeError(`${pattern} is not an axis pattern such as [rows, cols]`);
  if (inner === "") return [];
  return inner.split(",").map((text, index): PatternAxis => {
    const name = text.trim();
    if (/^\d+$/.test(name)) return { kind: "size", size: Number(name) };
    if (name.startsWith("...")) {
      if (index !== 0) throw new ShapeError(`${pattern}: only the first axis may stand for several`);
      return { kind: "leading", name: name.slice(3) };
    }
    return { kind: "name", name };
  });
}

/** Sizes of named axes and the tensor each came from. */
export class AxisSizes {
  readonly sizes = new Map<string, number>();
  /** The sizes of the leading axes that a name stands for. */
  readonly leading = new Map<string, Shape>();
  readonly #from = new Map<string, string>();
  readonly #kernel: string;

  constructor(kernel: string) {
    this.#kernel = kernel;
  }

  /**
   * Takes the axes of `argument` from `shape`; throws `ShapeError`, naming both, where they differ from the pattern or
   * from an earlier tensor.
   */
  match(argument: string, pattern: string, shape: Shape): void {
    const axes = parsePattern(pattern);
    const first = axes[0];
    const leadingCount = first?.kind === "leading" ? shape.length - axes.length + 1 : 0;
    const fits = first?.kind === "leading" ? leadingCount >= 0 : shape.length === axes.length;
    if (!fits) {
      const rank = first?.kind === "leading" ? `at least ${axes.length - 1}` : axes.length;
      this.#fail(argument, pattern, shape, `${rank} axes, it has ${shape.length}`);
    }
    let at = 0;
    for (const axis of axes) {
      if (axis.kind === "leading") {
        const dims = shape.slice(0, leadingCount);
        at = leadingCount;
        this.#set(
          argument,
          pattern,
          shape,
          axis.name,
          dims.reduce((product, size) => product * size, 1),
        );
        if (!this.leading.has(axis.name)) this.leading.set(axis.name, dims);
        continue;
      }
      const size = shape[at++] ?? 0;
      if (axis.kind === "name") this.#set(argument, pattern, shape, axis.name, size);
      else if (size !== axis.size) this.#fail(argument, pattern, shape, `${axis.size} at axis ${at - 1}`);
    }
  }

  /** The shape of `pattern` with the sizes seen so far. */
  resolve(argument: string, pattern: string): number[] {
    return parsePattern(pattern).flatMap((axis) => {
      if (axis.kind === "size") return [axis.size];
      if (axis.kind === "leading") {
        const dims = this.leading.get(axis.name);
        if (dims) return [...dims];
      }
      const size = this.sizes.get(axis.name);
      if (size === undefined) {
        throw new ShapeError(
          `${this.#kernel}: ${argument} is ${pattern}, but nothing defines the length of ${axis.name}`,
        );
      }
      return [size];
    });
  }

  /** Sets an axis that no tensor has; a list of sizes for a name that stands for several axes. */
  define(name: string, size: number | Shape): void {
    const dims = typeof size === "number" ? [size] : size;
    this.#set("options", `[${name}]`, dims, name, sizeOf(dims));
    if (typeof size !== "number" && !this.leading.has(name)) this.leading.set(name, dims);
  }

  #set(argument: string, pattern: string, shape: Shape, name: string, size: number): void {
    const known = this.sizes.get(name);
    if (known === undefined) {
      this.sizes.set(name, size);
      this.#from.set(name, argument);
    } else if (known !== size) {
      this.#fail(argument, pattern, shape, `${name} = ${known} (from ${this.#from.get(name)})`);
    }
  }

  #fail(argument: string, pattern: string, shape: Shape, why: string): never {
    throw new ShapeError(`${this.#kernel}: ${argument} is ${formatShape(shape)}, expected ${pattern} with ${why}`);
  }
}
