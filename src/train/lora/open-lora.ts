import { safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { checkTypes } from "../../generate/load/early-reads.ts";
import { readModelFolder } from "../../generate/load/model-folder.ts";
import { openFrom } from "../../generate/load/opening.ts";
import { type AdaptedModule, adapt, type ExpertStack, modulesOf, numbersOfExpert } from "../../generate/lora/adapt.ts";
import { type LoraConfig, rankOf, sizesOf, targetOf } from "../../generate/lora/lora-config.ts";
import {
  type AdapterModule,
  adapterConfig,
  adapterWeights,
  checkModules,
  type KnownModules,
  type StoredAdapter,
} from "../../generate/lora/read-adapter.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { weightTypes } from "../../kernels/formats/formats.ts";
import { recipes } from "../../models/decoders/recipes.ts";
import type { Adaptable } from "../../models/weights/adapted-weights.ts";
import { type LoadOptions, uploadWeights } from "../../models/weights/weights.ts";
import {
  boolean,
  checkOptions,
  checkValue,
  fieldsOf,
  having,
  integer,
  listOf,
  oneOf,
  positive,
  required,
  text,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { asFloats } from "../gradients/rules/products.ts";
import { numbersOf } from "../initialisers/random-numbers.ts";
import { decoderObjective } from "../objectives/decoder.ts";
import {
  assertDecoder,
  named,
  type Trainable,
  type TrainableOptions,
  trainableChecks,
} from "../open/open-trainable.ts";
import type { Parameter } from "../open/parameters.ts";
import type { TrainedFolder } from "../open/trained-folder.ts";

/** The input for writing an adapter's folder. */
interface AdapterWriting {
  readonly config: LoraConfig;
  /** The base model's folder, as recorded by PEFT. */
  readonly base: string;
  /** True if the base's matrices are `[in, out]` (GPT-2). */
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

/** Plans the folder of an adapter in PEFT's layout, f32: only the adapter's numbers. */
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

/** How an adapter is initialised. */
export interface LoraOptions {
  /** Rows of A: r. */
  readonly rank: number;
  /** α; default the rank, so that the scale is 1. */
  readonly alpha?: number | undefined;
  /** True: the scale is α / √r in place of α / r. */
  readonly rslora?: boolean | undefined;
  /** The last parts of modules' names: `q_proj`, `c_attn`, `w1`; default all but routers. */
  readonly targets?: readonly string[] | undefined;
  /** A u32; default 0. */
  readonly seed?: number | undefined;
}

const fields = fieldsOf<LoraOptions>({
  rank: required(integer(1, 1 << 16)),
  alpha: positive,
  rslora: boolean,
  targets: listOf(text),
  seed: integer(0, 2 ** 32 - 1),
});

/** How a model is opened for an adapter: its weights keep their stored types, or get these. */
export interface LoraLoadOptions extends TrainableOptions, Pick<LoadOptions, "dtype" | "weights"> {}

const loadFields = fieldsOf<LoraLoadOptions>({
  ...trainableChecks,
  dtype: oneOf(...weightTypes),
  weights: oneOf(...recipes),
});
const storedCheck = having("modules", "an adapter of readAdapter, or an object with rank");

/** A model with its weights as stored, and the adapter to train. */
export interface LoraTrainable extends Trainable {
  readonly config: LoraConfig;
  /** Plans the adapter's folder, in PEFT's layout, with its current parameters, or others under the same names. */
  readonly writing: (parameters?: readonly Parameter[]) => TrainedFolder;
}

/** A new adapter's numbers: A uniform within ±1 / √in (Kaiming with a = √5, as in PEFT), and B zero. */
function freshAdapter(
  { rank, alpha = rank, rslora = false, targets, seed = 0 }: LoraOptions,
  known: KnownModules,
): StoredAdapter {
  const names = new Set([...known.keys()].map(targetOf));
  const unknown = targets?.find((target) => !names.has(target));
  if (unknown !== undefined || targets?.length === 0) {
    throw new OptionError(`LoRA: no projection is named ${unknown}; there are ${[...names].join(", ")}`);
  }
  const modules = [...known]
    .filter(([module, [one]]) => targets?.includes(targetOf(module)) ?? !one?.routes)
    .map(([module, parts]) => {
      const [{ source }] = parts as [Adaptable];
      const { inputs, outputs } = sizesOf(source);
      const { uniform } = numbersOf(seed, `${module}.lora_A`);
      const a = Float32Array.from({ length: rank * inputs }, (_, i) => (2 * uniform(i) - 1) / Math.sqrt(inputs));
      return [module, { a, b: new Float32Array(outputs * rank), inputs, outputs }] as const;
    });
  return { config: { rank, alpha, rslora }, name: "a fresh adapter", modules: new Map(modules) };
}

/**
 * Reads a decoder's folder or GGUF file, uploads its weights as they are stored, and adds an adapter to each of its
 * projections, including those of experts: a fresh one, or one of `readAdapter`. Only the adapter's numbers are
 * parameters; a layer's experts share one parameter for all A and one for all B of their gates, ups or downs. `from` is
 * as for `loadModel`.
 *
 * @throws FormatError for invalid files, or an adapter that does not fit them; OptionError for targets missing from the
 * model.
 */
export async function openLora(
  gpu: Gpu,
  from: string | URL | FileSource,
  adapter: LoraOptions | StoredAdapter,
  options: LoraLoadOptions = {},
): Promise<LoraTrainable> {
  const isStored = typeof adapter === "object" && adapter !== null && "modules" in adapter;
  if (isStored) checkValue("openLora", "adapter", storedCheck, adapter);
  else checkOptions("openLora", fields, adapter);
  checkOptions("openLora", loadFields, options);
  checkTypes("openLora", options);
  const source = await openFrom("openLora", from, options);
  await assertDecoder(source);
  const folder = await readModelFolder(source);
  const { layers } = folder.checkpoint;
  const known = modulesOf(layers);
  const stored = isStored ? adapter : freshAdapter(adapter, known);
  checkModules(stored, known);
  for (const warning of folder.warnings) (options.onWarning ?? console.warn)(warning);
  const loaded = await uploadWeights(gpu, folder.weights, folder.checkpoint, folder.config, options);
  try {
    const { weights: adapted, modules, stacks, own, free } = adapt(gpu, loaded, layers, stored);
    const dispose = () => {
      free();
      loaded.dispose();
    };
    const weights = { ...adapted, dispose };
    const positions = weights.positions && floats(gpu, weights.positions, own);
    const decoder = { gpu, config: folder.config, weights: positions ? { ...weights, positions } : weights };
    const { config } = stored;
    const parameters = [...modules.flatMap(parametersOf), ...stacks.flatMap(parametersOfStack)];
    const writing = (given?: readonly Parameter[]) => {
      const tensors = new Map(named(parameters, given).map(({ name, tensor }) => [name, tensor]));
      return adapterFolder({
        config,
        base: source.name,
        fanInFanOut: modules.some(({ parts }) => parts.some(({ source: one }) => one.transposed)),
        targets: [...new Set([...stored.modules.keys()].map(targetOf))],
        modules: [
          ...modules.map((one) => ({ ...one, read: () => numbersIn(one, tensors) })),
          ...stacks.flatMap((stack) => writingsOf(stack, tensors)),
        ],
      });
    };
    const objective = decoderObjective(decoder);
    return { folder, decoder, objective, parameters, config, writing, dispose };
  } catch (error) {
    loaded.dispose();
    throw error;
  }
}

/** Positions as f32, which additions require. */
function floats(gpu: Gpu, positions: Tensor, own: Tensor[]): Tensor {
  if (positions.dtype === "f32") return positions;
  const made = gpu.unscoped(() => asFloats(gpu, positions));
  own.push(made);
  return made;
}

function parametersOf({ module, a, parts }: AdaptedModule): Parameter[] {
  const of = (which: "A" | "B", tensor: Tensor, rows = ""): Parameter => {
    const name = `${module}.lora_${which}.weight`;
    return { name: `${name}${rows}`, source: { name, shape: tensor.shape }, tensor };
  };
  return [of("A", a), ...parts.map(({ b, source: { rows } }) => of("B", b, rows ? `[${rows[0]}:${rows[1]}]` : ""))];
}

/** The parameters of a stack of experts: all A and all B, one matrix each. */
function parametersOfStack({
  name: module,
  members,
  width,
  outputs,
  a,
  b,
}: ExpertStack): readonly [Parameter, Parameter] {
  const of = (which: "A" | "B", tensor: Tensor, rows: number): Parameter => {
    const label = `${module}.lora_${which}.weight`;
    const shape = [rows, tensor.shape[1] ?? 0];
    const sources = members.map((one) => ({ name: `${one.module}.lora_${which}.weight`, shape }));
    const [source = { name: label, shape }] = sources;
    return { name: label, source, stack: { label, parts: sources.map((one) => [one]) }, tensor };
  };
  return [of("A", a, width), of("B", b, outputs)];
}

/** The tensors written for a stack: its experts one by one. */
function writingsOf(stack: ExpertStack, tensors: ReadonlyMap<string, Tensor>) {
  const { members, width, inputs, outputs } = stack;
  const [a, b] = parametersOfStack(stack).map(({ name, tensor }) => tensors.get(name) ?? tensor) as [Tensor, Tensor];
  const rowsOf = (tensor: Tensor, index: number, count: number) => slice(tensor, 0, index * count, (index + 1) * count);
  return members.map(({ module, index, rank }) => ({
    module,
    inputs,
    outputs,
    read: async () => {
      const rows = { a: await rowsOf(a, index, width).read(), b: await rowsOf(b, index, outputs).read() };
      return numbersOfExpert(stack, rank, rows);
    },
  }));
}

async function numbersIn(module: AdaptedModule, tensors: ReadonlyMap<string, Tensor>) {
  const all = parametersOf(module).map(({ name, tensor }) => tensors.get(name) ?? tensor);
  const [first, ...others] = await Promise.all(all.map((tensor) => tensor.read()));
  return { a: Float32Array.from(first ?? []), b: Float32Array.from(others.flatMap((rows) => [...rows])) };
}
