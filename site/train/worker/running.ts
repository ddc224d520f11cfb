import type { Gpu, Instance, Program } from "../../../src/gpu/gpu.ts";
import { placed, type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import type { BatchInput, InputShape, Objective } from "../../../src/train/objectives/objective.ts";

/** The number of submits of a run, so that none occupies the GPU for long. */
export type Submits = () => number;

/** Tensors for the inputs of programs, for batches of some shape. */
export interface InputTensors {
  /** The tensors of a batch, and further inputs. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly write: (given: Readonly<Record<string, BatchInput>>) => Promise<void>;
  dispose(): void;
}

/** Makes tensors for batches of these shapes. */
export function inputTensors<B>(
  { gpu, constants }: Objective<B>,
  shapes: Readonly<Record<string, InputShape>>,
): InputTensors {
  const tensors = gpu.unscoped(() => ({
    ...constants?.(shapes),
    ...Object.fromEntries(
      Object.entries(shapes).map(([name, { shape, dtype }]) => [name, zeros(gpu, shape, dtype, name)]),
    ),
  }));
  return {
    tensors,
    write: async (given) => {
      await Promise.all(
        Object.entries(given).map(([name, { values }]) => {
          const tensor = tensors[name];
          if (tensor?.size !== values.length) throw new TypeError(`${name} of a batch is of another shape`);
          return gpu.write(tensor.storage, 4 * tensor.offset, new Uint8Array(values.buffer));
        }),
      );
    },
    dispose: () => {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    },
  };
}

/** A recorded program of batches of one shape. */
export interface Run<R> {
  readonly result: (tensor: (result: R) => Tensor) => Promise<Float64Array>;
  readonly tapped: (name: string) => Promise<Float64Array>;
  readonly shapeOf: (name: string) => readonly number[];
}

/** Runs a recording over batches, with a program for each shape. */
export interface Running<B, R> {
  readonly run: (batch: B) => Promise<Run<R>>;
  dispose(): void;
}

/** A program of a shape, and its inputs. */
interface Shaped<R> {
  readonly inputs: InputTensors;
  readonly program: Program<R>;
  readonly instance: Instance<R>;
}

/** Maximum shapes whose programs are kept. */
const maxShapes = 4;

/** Prepares to run `record` over batches. `taps` names the values to keep. */
export function runningOf<B, R>(
  objective: Objective<B>,
  record: (gpu: Gpu, tensors: Readonly<Record<string, Tensor>>) => R,
  submits: Submits,
  taps: (name: string) => boolean = () => false,
): Running<B, R> {
  const { gpu } = objective;
  const shaped = new Map<string, Shaped<R>>();
  const free = ({ inputs, program, instance }: Shaped<R>) => {
    instance.dispose();
    program.dispose();
    inputs.dispose();
  };
  async function prepared(given: Readonly<Record<string, BatchInput>>): Promise<Shaped<R>> {
    const key = Object.entries(given)
      .map(([name, { shape }]) => `${name} ${shape.join("×")}`)
      .join(", ");
    const known = shaped.get(key);
    if (known) return known;
    const [oldest] = shaped;
    if (oldest && shaped.size >= maxShapes) {
      shaped.delete(oldest[0]);
      free(oldest[1]);
    }
    const inputs = inputTensors(objective, given);
    const program = gpu.record(() => record(gpu, inputs.tensors), { taps });
    const made = { inputs, program, instance: await program.instantiate() };
    shaped.set(key, made);
    return made;
  }
  return {
    run: async (batch) => {
      const given = objective.inputs(batch);
      const { inputs, program, instance } = await prepared(given);
      await inputs.write(given);
      instance.run(undefined, submits());
      const kept = (name: string): Tensor => {
        const found = program.taps.get(name);
        if (!found) throw new Error(`${name} is not kept`);
        return found as Tensor;
      };
      return {
        result: (of) => placed(instance, of(program.result)).read(),
        tapped: async (name) => await placed(instance, kept(name)).read(),
        shapeOf: (name) => kept(name).shape,
      };
    },
    dispose: () => {
      for (const one of shaped.values()) free(one);
      shaped.clear();
    },
  };
}

/** Prepares to run a model over batches: its logits, `[…, v]`, a row for each target. */
export const logitsOf = <B>(
  objective: Objective<B>,
  submits: Submits,
  taps?: (name: string) => boolean,
): Running<B, Tensor> => runningOf(objective, (_, tensors) => objective.logits(tensors), submits, taps);

/** The result of such a run. */
export const whole = (result: Tensor): Tensor => result;
