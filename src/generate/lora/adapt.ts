import { lora } from "../../blocks/lora.ts";
import type { ExpertsAdapter } from "../../blocks/mixture.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { type Adaptable, adaptable, adaptedWeights } from "../../models/adapted-weights.ts";
import type { LayerSources, WeightSource } from "../../models/family.ts";
import type { DecoderWeights } from "../../models/weights.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import { adaptExperts, type ExpertStack } from "./adapt-experts.ts";
import { moduleOf, rankOf, scaleOf } from "./lora-config.ts";
import type { AdapterModule, KnownModules, StoredAdapter } from "./read-adapter.ts";

/** A module that is adapted, but for those of experts: A, which its parts share, and of each part the rows of B. */
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

/** A decoder's weights with an adapter next to them. */
export interface Adapted {
  /** Those of the base with adapters; their `dispose` is the base's. */
  readonly weights: DecoderWeights;
  readonly modules: readonly AdaptedModule[];
  /** Those of experts that a router chooses, by layers. */
  readonly stacks: readonly ExpertStack[];
  /** The adapter's memory. */
  readonly own: Tensor[];
  /** Frees it. */
  free(): void;
}

/**
 * Puts an adapter next to a decoder's weights. It has to fit: see `checkModules`.
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
