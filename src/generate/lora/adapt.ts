import { expertLora, type LoraWeights, lora } from "../../blocks/lora.ts";
import type { ExpertsAdapter } from "../../blocks/mixture.ts";
import { FormatError } from "../../formats/format-error.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { LayerSources, WeightSource } from "../../models/decoders/family.ts";
import { type Adaptable, adaptable, adaptedWeights } from "../../models/weights/adapted-weights.ts";
import type { DecoderWeights } from "../../models/weights/weights.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import { moduleOf, rankOf, scaleOf, sizesOf } from "./lora-config.ts";
import { type AdapterModule, adapterWeights, type KnownModules, type StoredAdapter } from "./read-adapter.ts";

/** An adapted module other than an expert: A, shared by its parts, and each part's rows of B. */
export interface AdaptedModule {
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly a: Tensor;
  readonly parts: readonly { readonly source: WeightSource; readonly b: Tensor }[];
}

/** The projections of each module that can be adapted. */
export function modulesOf(layers: readonly LayerSources[]): KnownModules {
  const found = new Map<string, Adaptable[]>();
  for (const one of layers.flatMap(adaptable)) {
    const module = moduleOf(one.source);
    found.set(module, [...(found.get(module) ?? []), one]);
  }
  return found;
}

const keyOf = ({ name, rows }: WeightSource) => `${name}${rows ? `[${rows[0]}:${rows[1]}]` : ""}`;

/** A decoder's weights with an adapter. */
interface Adapted {
  /** The base's weights with adapters; their `dispose` is the base's. */
  readonly weights: DecoderWeights;
  readonly modules: readonly AdaptedModule[];
  /** The adapters of routed experts, by layer. */
  readonly stacks: readonly ExpertStack[];
  /** The adapter's memory. */
  readonly own: Tensor[];
  /** Frees it. */
  free(): void;
}

/**
 * Adds an adapter to a decoder's weights. It must fit: see `checkModules`.
 *
 * @throws FormatError for experts of one layer whose factors differ.
 */
export function adapt(
  gpu: Gpu,
  loaded: DecoderWeights,
  layers: readonly LayerSources[],
  adapter: StoredAdapter,
): Adapted {
  const { config, modules: stored } = adapter;
  const known = modulesOf(layers);
  const own: Tensor[] = [];
  const made = (shape: readonly number[], numbers: Float32Array<ArrayBuffer>, label: string) => {
    const tensor = gpu.unscoped(() => upload(gpu, shape, "f32", numbers, label));
    own.push(tensor);
    return tensor;
  };
  const free = () => {
    for (const tensor of own) tensor.dispose();
  };
  const scales = new Map<number, Tensor>();
  const scaled = (scale: number) => {
    const known = scales.get(scale) ?? made([1], Float32Array.of(scale), "LoRA scale");
    scales.set(scale, known);
    return known;
  };
  const adapters = new Map<string, ReturnType<typeof lora>>();
  const adapted = ([module, { a, b, inputs, outputs }]: readonly [string, AdapterModule]): AdaptedModule => {
    const rank = rankOf(config, module);
    const down = made([rank, inputs], a, `${module} A`);
    const scale = scaled(scaleOf(config, module));
    const parts = (known.get(module) ?? []).map(({ source }) => {
      const [begin, end] = source.rows ?? [0, outputs];
      const up = made([end - begin, rank], b.slice(begin * rank, end * rank), `${module} B`);
      adapters.set(keyOf(source), lora({ a: down, b: up, scale }));
      return { source, b: up };
    });
    return { module, inputs, outputs, a: down, parts };
  };
  try {
    const modules = [...stored].filter(([module]) => !known.get(module)?.[0]?.expert).map(adapted);
    const stacks: ExpertStack[] = [];
    const expertsOf = (layer: number): ExpertsAdapter | undefined => {
      const experts = adaptable(layers[layer] as LayerSources).filter(({ expert }) => expert);
      const found = adaptExperts(adapter, experts, { made, scaled });
      stacks.push(...(found?.stacks ?? []));
      return found?.adapter;
    };
    const weights = adaptedWeights(loaded, layers, (source) => adapters.get(keyOf(source)), expertsOf);
    return { weights, modules, stacks, own, free };
  } catch (error) {
    free();
    throw error;
  }
}

type Part = NonNullable<Adaptable["expert"]>["part"];

/** An expert in a stack. */
interface StackedModule {
  readonly module: string;
  readonly index: number;
  readonly rank: number;
}

/**
 * The adapters of all gates, ups or downs of a layer's experts, computed together: expert i has rows
 * `[i · width, (i + 1) · width)` of a and `[i · outputs, (i + 1) · outputs)` of b. Experts without an adapter, and
 * ranks up to the width, are 0 and stay 0, since a zero row of A meets a zero column of B: their gradients are 0.
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

/** The parts of a layer's stacks. */
interface Making {
  readonly made: (shape: readonly number[], numbers: Float32Array<ArrayBuffer>, label: string) => Tensor;
  /** The factor as a tensor `[1]`. */
  readonly scaled: (scale: number) => Tensor;
}

const starred = (module: string) => module.replace(/\.experts\.\d+\./, ".experts.*.");

/** The one factor of modules. Throws `FormatError` if they have several. */
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
 * Adds adapters to the routed experts of a layer; undefined if they have none.
 *
 * @throws FormatError for experts of one layer whose factors differ.
 */
function adaptExperts(
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

/** An expert's numbers from its stack: the rows of A and B as in its folder. */
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
