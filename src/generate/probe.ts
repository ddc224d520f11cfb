import type { Binding, Call, Dispatch } from "../gpu/dispatch.ts";
import type { Instance } from "../gpu/gpu.ts";

/** A result that is not finite. */
export interface Fault {
  /** The block whose op it is, for example `layer.3.feed-forward`. */
  readonly block: string;
  readonly op: string;
  readonly variant: string;
  readonly kernel: string;
  readonly tensor: string;
  readonly shape: readonly number[];
  /** Index of the first such element. */
  readonly element: number;
  readonly value: number;
}

/** Ops that hold −∞ for what is masked. */
const masking = /attention/i;

/** Runs a program op by op; the first result that is NaN or infinite, in the order in which they are computed. */
export async function firstFault(instance: Instance<unknown>): Promise<Fault | undefined> {
  const calls = new Map<Dispatch, Call>();
  for (const call of instance.program.calls) for (const dispatch of call.dispatches) calls.set(dispatch, call);
  let fault: Fault | undefined;
  await instance.step(async (operation, read) => {
    if (operation.kind === "copy") return true;
    const { dispatch, block = "" } = operation;
    const { op, variant } = calls.get(dispatch) ?? { op: dispatch.kernel, variant: dispatch.kernel };
    for (const binding of dispatch.bindings) {
      if (binding.access !== "read_write" || !holdsFloats(dispatch, binding)) continue;
      const values = new Float32Array(await read(binding.storage), binding.offset, Math.floor(binding.bytes / 4));
      const element = values.findIndex(
        (value) => !Number.isFinite(value) && !(value === Number.NEGATIVE_INFINITY && masking.test(op)),
      );
      if (element < 0) continue;
      const { kernel } = dispatch;
      const value = values[element] ?? Number.NaN;
      fault = { block, op, variant, kernel, tensor: binding.name, shape: binding.shape, element, value };
      return false;
    }
    return true;
  });
  return fault;
}

const holdsFloats = ({ shader }: Dispatch, { name }: Binding): boolean =>
  shader.declarations.bindings.some((one) => one.name === name && /^array<(f32|vec[234](f|<f32>))>$/.test(one.type));
