import type { Gpu } from "../../../src/gpu/gpu.ts";
import { placed, Tensor } from "../../../src/tensor/tensor.ts";
import { type GradientOptions, gradients } from "../../../src/train/gradients/gradients.ts";

type Named = Readonly<Record<string, Tensor>>;

/**
 * What `fn` computes and its gradients by these parameters, run as one program; undefined where there is no gradient.
 */
export async function gradientsOf<P extends Named>(
  gpu: Gpu,
  parameters: P,
  fn: (parameters: P) => Tensor,
  options: GradientOptions & { readonly runs?: number } = {},
): Promise<{ value: number[]; gradients: { [K in keyof P]: number[] | undefined }; ops: string[] }> {
  const { runs = 1, ...given } = options;
  const program = gpu.record(() => {
    const value = fn(parameters);
    return { value, found: gradients(gpu, value, parameters, given) };
  });
  const instance = await program.instantiate();
  for (let i = 0; i < runs; i++) instance.run();
  const read = async (x: Tensor) => [...(await placed(instance, x).read())];
  const { value, found } = program.result;
  const entries = Object.entries(found).map(async ([name, x]) => [
    name,
    x instanceof Tensor ? await read(x) : undefined,
  ]);
  const result = {
    value: await read(value),
    gradients: Object.fromEntries(await Promise.all(entries)) as { [K in keyof P]: number[] | undefined },
    ops: program.calls.map(({ op }) => op),
  };
  instance.dispose();
  return result;
}
