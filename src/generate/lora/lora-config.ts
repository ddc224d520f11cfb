import type { WeightSource } from "../../models/decoders/family.ts";

/** Numbers by module names or their suffixes; the first match counts. */
export type Pattern = Readonly<Record<string, number>>;

/** The settings of an adapter. */
export interface LoraConfig {
  /** Rows of A, columns of B: r. */
  readonly rank: number;
  /** α. */
  readonly alpha: number;
  /** True: the scale is α / √r (Kalajdzievski 2023) in place of α / r. */
  readonly rslora: boolean;
  /** Ranks of modules with a different one. */
  readonly ranks?: Pattern | undefined;
  /** Their α likewise. */
  readonly alphas?: Pattern | undefined;
}

/** True for a module whose name equals a pattern's key or ends with it, after a dot; after `^` it must be equal. */
function fits(module: string, key: string): boolean {
  if (key.startsWith("^")) return module === key.slice(1);
  return module === key || module.endsWith(`.${key}`);
}

/** The number of a module in a pattern; undefined if no key fits. */
function numberIn(pattern: Pattern | undefined, module: string): number | undefined {
  return Object.entries(pattern ?? {}).find(([key]) => fits(module, key))?.[1];
}

/** The rank of a module. */
export const rankOf = ({ rank, ranks }: LoraConfig, module: string): number => numberIn(ranks, module) ?? rank;

/** The factor of an adapter's product in a module. */
export function scaleOf(config: LoraConfig, module: string): number {
  const rank = rankOf(config, module);
  const alpha = numberIn(config.alphas, module) ?? config.alpha;
  return alpha / (config.rslora ? Math.sqrt(rank) : rank);
}

/**
 * The module of a checkpoint's tensor under PEFT's name: from `model` of a causal language model on, without `.weight`.
 */
export function moduleOf({ name }: Pick<WeightSource, "name">): string {
  const module = name.replace(/\.weight$/, "");
  if (/^h\.\d/.test(module)) return `transformer.${module}`;
  return /^layers\.\d/.test(module) ? `model.${module}` : module;
}

/** The last part of a module's name, by which adapters name their targets: `q_proj`. */
export const targetOf = (module: string): string => module.slice(module.lastIndexOf(".") + 1);

/** Inputs and outputs of a matrix in a checkpoint. */
export function sizesOf({ shape, transposed }: WeightSource): { readonly inputs: number; readonly outputs: number } {
  const [outputs = 0, inputs = 0] = transposed ? shape.toReversed() : shape;
  return { inputs, outputs };
}
