import type { WeightSource } from "../../models/family.ts";

/** What an adapter is, apart from its numbers. */
export interface LoraConfig {
  /** Rows of A, columns of B: r. */
  readonly rank: number;
  /** α. */
  readonly alpha: number;
  /** True: the scale is α / √r (Kalajdzievski 2023) in place of α / r. */
  readonly rslora: boolean;
}

/** The factor of an adapter's product. */
export const scaleOf = ({ rank, alpha, rslora }: LoraConfig): number => alpha / (rslora ? Math.sqrt(rank) : rank);

/** The module of a checkpoint's tensor as PEFT names it: from the model of a causal language model on, without `.weight`. */
export function moduleOf({ name }: Pick<WeightSource, "name">): string {
  const module = name.replace(/\.weight$/, "");
  if (/^h\.\d/.test(module)) return `transformer.${module}`;
  return /^layers\.\d/.test(module) ? `model.${module}` : module;
}

/** The last part of a module's name, by which adapters say what they change: `q_proj`. */
export const targetOf = (module: string): string => module.slice(module.lastIndexOf(".") + 1);

/** Inputs and outputs of a matrix in a checkpoint. */
export function sizesOf({ shape, transposed }: WeightSource): { readonly inputs: number; readonly outputs: number } {
  const [outputs = 0, inputs = 0] = transposed ? shape.toReversed() : shape;
  return { inputs, outputs };
}
