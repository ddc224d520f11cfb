// The calls that are counted, of a small model, as rows of the page.
import type { Gpu } from "../../src/gpu/gpu.ts";
import { ShapeError } from "../../src/index.ts";
import { attentionCalls } from "./attention.ts";
import { countProgram, type KernelFacts } from "./count.ts";
import {
  alignmentCalls,
  convolutionCalls,
  productCalls,
  recurrenceCalls,
  recurrentCalls,
  rowCalls,
  selectedCalls,
} from "./forward.ts";
import { type ModelCall, type Tensors, tensorsOn } from "./model.ts";
import { mixtureCalls, trainingCalls } from "./training.ts";

/** A call with its kernels in order, each once. */
export interface CountedCall {
  /** Such as "matmul register, 64 rows". */
  readonly title: string;
  readonly kernels: readonly KernelFacts[];
}

/** The calls of a table. */
export interface CountedCalls {
  readonly heading: string;
  readonly calls: readonly CountedCall[];
  /** Why variants cannot take the sizes. */
  readonly refused: readonly string[];
}

const tables: readonly (readonly [heading: string, calls: (tensors: Tensors) => ModelCall[]])[] = [
  ["Attention and its caches", attentionCalls],
  ["Products", productCalls],
  ["Rows, elements and the choice of tokens", rowCalls],
  ["Delta rules and state spaces", recurrenceCalls],
  ["Attention over selected keys", selectedCalls],
  ["Short convolutions", convolutionCalls],
  ["Recurrent layers", recurrentCalls],
  ["Attention over their states", alignmentCalls],
  ["Mixtures of experts", mixtureCalls],
  ["Training", trainingCalls],
];

/** Counts the calls of all tables, or those with these titles; a call that comes a second time is left out. */
export async function countedCalls(gpu: Gpu, wanted?: readonly string[]): Promise<CountedCalls[]> {
  const tensors = tensorsOn(gpu);
  const counted: CountedCalls[] = [];
  for (const [heading, make] of tables) {
    const calls = new Map<string, CountedCall>();
    const refused: string[] = [];
    for (const { sizes, record } of make(tensors)) {
      if (wanted?.some((title) => title.endsWith(`, ${sizes}`)) === false) continue;
      try {
        const program = gpu.record(record);
        const [call] = program.calls;
        const title = titleOf(call?.op ?? "", call?.variant ?? "", sizes);
        if (calls.has(title) || wanted?.includes(title) === false) continue;
        const kernels = await countProgram(gpu, program);
        calls.set(title, { title, kernels: distinct(kernels) });
      } catch (error) {
        if (!(error instanceof ShapeError)) throw error;
        refused.push(error.message);
      } finally {
        tensors.dispose();
      }
    }
    counted.push({ heading, calls: [...calls.values()], refused });
  }
  return counted;
}

/** The names of op and variant, which are one where an op has no variants. */
const titleOf = (op: string, variant: string, sizes: string) =>
  `${op === variant ? op : `${op} \`${variant}\``}, ${sizes}`;

/** Each kernel once, where it moves most. */
function distinct(kernels: readonly KernelFacts[]): KernelFacts[] {
  const most = new Map<string, KernelFacts>();
  for (const one of kernels) {
    if (one.sectors >= (most.get(one.kernel)?.sectors ?? 0)) most.set(one.kernel, one);
  }
  return [...most.values()];
}
