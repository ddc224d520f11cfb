import { lora } from "../../blocks/lora.ts";
import type { ModelFolder } from "../../generate/model-folder.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { adaptable, adaptedWeights } from "../../models/adapted-weights.ts";
import type { WeightSource } from "../../models/family.ts";
import type { DecoderWeights } from "../../models/weights.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import type { StoredAdapter } from "./adapter-folder.ts";
import { moduleOf, scaleOf } from "./lora-config.ts";

/** A module that is adapted: A, which its parts share, and of each part the rows of B. */
export interface AdaptedModule {
  readonly module: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly a: Tensor;
  readonly parts: readonly { readonly source: WeightSource; readonly b: Tensor }[];
}

/** The sources of each module that can be adapted; a checkpoint may hold several projections in one. */
export function modulesOf({
  checkpoint,
}: Pick<ModelFolder, "checkpoint">): ReadonlyMap<string, readonly WeightSource[]> {
  const found = new Map<string, WeightSource[]>();
  for (const source of checkpoint.layers.flatMap((layer) => Object.values(adaptable(layer)))) {
    const module = moduleOf(source);
    found.set(module, [...(found.get(module) ?? []), source]);
  }
  return found;
}

const keyOf = ({ name, rows }: WeightSource) => `${name}${rows ? `[${rows[0]}:${rows[1]}]` : ""}`;

/**
 * A decoder's weights with an adapter next to them; `own` is the adapter's memory, which goes with the weights. The adapter
 * has to fit: see `checkModules`.
 */
export function adapt(
  gpu: Gpu,
  loaded: DecoderWeights,
  folder: Pick<ModelFolder, "checkpoint">,
  { config, modules: stored }: StoredAdapter,
): { readonly weights: DecoderWeights; readonly modules: readonly AdaptedModule[]; readonly own: Tensor[] } {
  const known = modulesOf(folder);
  const own: Tensor[] = [];
  const made = (shape: readonly number[], numbers: Float32Array<ArrayBuffer>, label: string) => {
    const tensor = gpu.unscoped(() => upload(gpu, shape, "f32", numbers, label));
    own.push(tensor);
    return tensor;
  };
  const { rank } = config;
  const scale = made([1], Float32Array.of(scaleOf(config)), "LoRA scale");
  const modules = [...stored].map(([module, { a, b, inputs, outputs }]): AdaptedModule => {
    const parts = (known.get(module) ?? []).map((source) => {
      const [begin, end] = source.rows ?? [0, outputs];
      return { source, b: made([end - begin, rank], b.slice(begin * rank, end * rank), `${module} B`) };
    });
    return { module, inputs, outputs, a: made([rank, inputs], a, `${module} A`), parts };
  });
  const adapters = new Map(
    modules.flatMap(({ a, parts }) => parts.map(({ source, b }) => [keyOf(source), lora({ a, b, scale })] as const)),
  );
  const adapted = adaptedWeights(loaded, folder.checkpoint.layers, (source) => adapters.get(keyOf(source)));
  const dispose = () => {
    for (const tensor of own) tensor.dispose();
    loaded.dispose();
  };
  return { weights: { ...adapted, dispose }, modules, own };
}
