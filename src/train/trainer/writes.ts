// Writes the changing inputs of programs: tokens, and numbers that differ from step to step.
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { BatchInput } from "../objectives/objective.ts";
import type { Prepared, Training } from "./programs.ts";

type Numbers = Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

const write = (gpu: Gpu, to: Tensor, numbers: Numbers, at = 0) =>
  gpu.write(to.storage, 4 * at, new Uint8Array(numbers.buffer));

/** Writes a batch to a program's inputs. */
export async function writeInputs(
  gpu: Gpu,
  { inputs }: Prepared,
  given: Readonly<Record<string, BatchInput>>,
): Promise<void> {
  await Promise.all(
    Object.entries(inputs).map(([name, tensor]) => {
      const { values } = given[name] ?? {};
      if (values?.length !== tensor.size) {
        throw new TypeError(`${name} has ${values?.length} numbers, expected ${tensor.size}`);
      }
      return write(gpu, tensor, values);
    }),
  );
}

/**
 * Values that change from step to step are computed in float64 and read from memory, so that one program serves all
 * steps.
 */
export async function writeScalars(
  { objective: { gpu }, groups, averages }: Training,
  step: number,
  learningRate: number,
): Promise<void> {
  await Promise.all([
    ...groups.map(({ optimizer, factor, scalars }) =>
      write(gpu, scalars, Float32Array.from(optimizer.scalars(step, learningRate * factor))),
    ),
    averages && write(gpu, averages.taken, Float32Array.from(averages.scalars(step))),
  ]);
}

/** The share of a micro-batch in the targets of its step. */
export const writeShare = ({ objective, share }: Training, part: number): Promise<void> =>
  write(objective.gpu, share, Float32Array.of(part));

/** Micro-batches of a step with different dropout. */
const maxMicro = 4096;

/** The key of a step's micro-batch, so that each drops different elements. */
export async function writeDropout({ objective, dropout }: Training, step: number, micro: number): Promise<void> {
  if (dropout) await write(objective.gpu, dropout.key, Uint32Array.of(step * maxMicro + micro), 1);
}
