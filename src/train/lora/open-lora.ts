import type { FileSource } from "../../formats/source.ts";
import { checkTypes } from "../../generate/early-reads.ts";
import { type AdaptedModule, adapt, modulesOf } from "../../generate/lora/adapt.ts";
import { type ExpertStack, numbersOfExpert } from "../../generate/lora/adapt-experts.ts";
import { type LoraConfig, sizesOf, targetOf } from "../../generate/lora/lora-config.ts";
import { checkModules, type KnownModules, type StoredAdapter } from "../../generate/lora/read-adapter.ts";
import { readModelFolder } from "../../generate/model-folder.ts";
import { openFrom } from "../../generate/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { weightTypes } from "../../kernels/formats.ts";
import type { Adaptable } from "../../models/adapted-weights.ts";
import { recipes } from "../../models/recipes.ts";
import { type LoadOptions, uploadWeights } from "../../models/weights.ts";
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
import type { Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { assertDecoder } from "../assert-decoder.ts";
import { numbersOf } from "../initialisers/random-numbers.ts";
import { decoderObjective } from "../objectives/decoder.ts";
import { named, type Trainable, type TrainableOptions, trainableChecks } from "../open-trainable.ts";
import type { Parameter } from "../parameters.ts";
import { asFloats } from "../rules/stored-weights.ts";
import type { TrainedFolder } from "../trained-folder.ts";
import { adapterFolder } from "./adapter-folder.ts";

/** How an adapter begins. */
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

/** How a model is opened for an adapter: its weights stay as they are stored, or get these types. */
export interface LoraLoadOptions extends TrainableOptions, Pick<LoadOptions, "dtype" | "weights"> {}

const loadFields = fieldsOf<LoraLoadOptions>({
  ...trainableChecks,
  dtype: oneOf(...weightTypes),
  weights: oneOf(...recipes),
});
const storedCheck = having("modules", "an adapter of readAdapter, or an object with rank");

/** A model that keeps its weights as they are stored, and the adapter that is trained. */
export interface LoraTrainable extends Trainable {
  readonly config: LoraConfig;
  /** Plans the adapter's folder, in PEFT's layout, of its parameters as they are, or of others of these names. */
  readonly writing: (parameters?: readonly Parameter[]) => TrainedFolder;
}

/** A new adapter's numbers: A uniform within ±1 / √in (Kaiming with a = √5, as PEFT has it), and B zero. */
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
 * Reads a decoder's folder or GGUF file, uploads its weights as they are stored, and puts an adapter next to each of its
 * projections, those of experts too: a fresh one, or one of `readAdapter`. Only the adapter's numbers are parameters; those
 * of a layer's experts are one for all A and one for all B of their gates, ups or downs. `from` is as for `loadModel`.
 *
 * @throws FormatError for files that are invalid, or an adapter that does not fit them; OptionError for targets that the
 * model does not have.
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

/** Positions as f32, as additions need them. */
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

/** The parameters of a stack of experts: A and B of all of them, one matrix each. */
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

/** What is written of a stack: its experts one by one. */
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
