import { expertLora } from "../../blocks/expert-lora.ts";
import type { LoraWeights } from "../../blocks/lora.ts";
import type { ExpertsAdapter } from "../../blocks/mixture.ts";
import { FormatError } from "../../formats/format-error.ts";
import type { Adaptable } from "../../models/adapted-weights.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { moduleOf, rankOf, scaleOf, sizesOf } from "./lora-config.ts";
import { adapterWeights, type StoredAdapter } from "./read-adapter.ts";

type Part = NonNullable<Adaptable["expert"]>["part"];

/** An expert in a stack. */
export interface StackedModule {
  readonly module: string;
  readonly index: number;
  readonly rank: number;
}

/**
 * The adapters of all gates, ups or downs of a layer's experts, which are computed together: of expert i rows `[i · width,
 * (i + 1) · width)` of a, and `[i · outputs, (i + 1) · outputs)` of b. What an adapter does not have is 0, and stays so:
 * experts without one, and ranks up to the width. The gradients of zeros next to zeros are zeros.
 */
export interface ExpertStack {
  /** The modules' name, with `*` for the expert. */
  readonly name: string;
  readonly members: readonly StackedModule[];
  /** Rows of A and columns of B of each expert: a multiple of 4. */
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly a: Tensor;
  readonly b: Tensor;
}

/** What the stacks of a layer are made of. */
interface Making {
  readonly made: (shape: readonly number[], numbers: Float32Array<ArrayBuffer>, label: string) => Tensor;
  /** The factor as a tensor `[1]`. */
  readonly scaled: (scale: number) => Tensor;
}

const starred = (module: string) => module.replace(/\.experts\.\d+\./, ".experts.*.");

/** The one factor of modules. Throws `FormatError` where they have several. */
function scaleOfAll({ config }: StoredAdapter, name: string, members: readonly StackedModule[]): number {
  const scales = new Set(members.map(({ module }) => scaleOf(config, module)));
  const [scale = 1, ...others] = scales;
  if (others.length === 0) return scale;
  throw new FormatError(adapterWeights, `has ${scales.size} factors α / r of ${name}, expected one for all experts`);
}

function stackOf(
  adapter: StoredAdapter,
  experts: readonly Adaptable[],
  { made, scaled }: Making,
): readonly [ExpertStack, LoraWeights] | undefined {
  const members = experts.flatMap(({ source, expert }): StackedModule[] => {
    const module = moduleOf(source);
    const index = expert?.index ?? 0;
    return adapter.modules.has(module) ? [{ module, index, rank: rankOf(adapter.config, module) }] : [];
  });
  const [first] = experts;
  if (!first || members.length === 0) return undefined;
  const { inputs, outputs } = sizesOf(first.source);
  const name = starred(moduleOf(first.source));
  const scale = scaled(scaleOfAll(adapter, name, members));
  const width = 4 * Math.ceil(Math.max(...members.map(({ rank }) => rank)) / 4);
  const a = new Float32Array(experts.length * width * inputs);
  const b = new Float32Array(experts.length * outputs * width);
  for (const { module, index, rank } of members) {
    const own = adapter.modules.get(module);
    if (!own) continue;
    a.set(own.a, index * width * inputs);
    for (let row = 0; row < outputs; row++) {
      b.set(own.b.subarray(row * rank, (row + 1) * rank), (index * outputs + row) * width);
    }
  }
  const weights = {
    a: made([experts.length * width, inputs], a, `${name} A`),
    b: made([experts.length * outputs, width], b, `${name} B`),
    scale,
  };
  return [{ name, members, width, inputs, outputs, a: weights.a, b: weights.b }, weights];
}

/**
 * Puts adapters next to the experts of a layer that a router chooses; undefined where they have none.
 *
 * @throws FormatError for experts of one layer whose factors differ.
 */
export function adaptExperts(
  adapter: StoredAdapter,
  experts: readonly Adaptable[],
  making: Making,
): { readonly stacks: readonly ExpertStack[]; readonly adapter: ExpertsAdapter } | undefined {
  const found = (["gate", "up", "down"] as const satisfies readonly Part[]).flatMap((part) => {
    const own = experts.filter(({ expert }) => expert?.part === part);
    const stack = stackOf(adapter, own, making);
    return stack ? [[part, ...stack] as const] : [];
  });
  if (found.length === 0) return undefined;
  const weights = Object.fromEntries(found.map(([part, , one]) => [part, one]));
  return { stacks: found.map(([, stack]) => stack), adapter: expertLora(weights) };
}

/** An expert's numbers of those of its stack: A's rows and B's as its folder has them. */
export function numbersOfExpert(
  { width, inputs, outputs }: Pick<ExpertStack, "width" | "inputs" | "outputs">,
  rank: number,
  rows: { readonly a: ArrayLike<number>; readonly b: ArrayLike<number> },
): { readonly a: Float32Array<ArrayBuffer>; readonly b: Float32Array<ArrayBuffer> } {
  const a = Float32Array.from({ length: rank * inputs }, (_, i) => rows.a[i] ?? 0);
  const b = Float32Array.from(
    { length: outputs * rank },
    (_, i) => rows.b[Math.floor(i / rank) * width + (i % rank)] ?? 0,
  );
  return { a, b };
}
