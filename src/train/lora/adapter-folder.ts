import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import { type LoraConfig, rankOf } from "../../generate/lora/lora-config.ts";
import { type AdapterModule, adapterConfig, adapterWeights } from "../../generate/lora/read-adapter.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { TrainedFolder } from "../trained-folder.ts";

/** What an adapter's folder is written from. */
export interface AdapterWriting {
  readonly config: LoraConfig;
  /** The folder of the base, as PEFT notes it. */
  readonly base: string;
  /** True where the base's matrices are `[in, out]` (GPT-2). */
  readonly fanInFanOut: boolean;
  /** The last parts of the modules' names. */
  readonly targets: readonly string[];
  readonly modules: readonly {
    readonly module: string;
    readonly inputs: number;
    readonly outputs: number;
    readonly read: () => Promise<Pick<AdapterModule, "a" | "b">>;
  }[];
}

/** Plans the folder of an adapter in PEFT's layout, f32: the adapter's numbers alone. */
export function adapterFolder({ config, base, fanInFanOut, targets, modules }: AdapterWriting): TrainedFolder {
  const { rank, alpha, rslora, ranks = {}, alphas = {} } = config;
  const settings = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base,
    inference_mode: true,
    r: rank,
    lora_alpha: alpha,
    rank_pattern: ranks,
    alpha_pattern: alphas,
    lora_dropout: 0,
    use_rslora: rslora,
    use_dora: false,
    bias: "none",
    fan_in_fan_out: fanInFanOut,
    target_modules: targets,
    modules_to_save: null,
    init_lora_weights: true,
  };
  const tensors = modules.flatMap(({ module, inputs, outputs }) => [
    { name: `base_model.model.${module}.lora_A.weight`, shape: [rankOf(config, module), inputs] },
    { name: `base_model.model.${module}.lora_B.weight`, shape: [outputs, rankOf(config, module)] },
  ]);
  const header = safetensorsHeader(tensors, "f32");
  async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    yield header;
    for (const { read } of modules) {
      const { a, b } = await read();
      yield new Uint8Array(a.buffer);
      yield new Uint8Array(b.buffer);
    }
  }
  return {
    file: adapterWeights,
    files: { [adapterConfig]: `${JSON.stringify(settings, undefined, 2)}\n` },
    bytes: tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), header.length),
    pieces,
  };
}
