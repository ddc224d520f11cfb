// Every kernel file with the parts that it names, and the texts that the cases are specialised to: whether they compile.
import { mustRefuse, uploadedInputs } from "../../src/check/run-case.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { openGpu } from "../../src/gpu/open.ts";
import type { Shader } from "../../src/gpu/specialise.ts";
import { kernelFiles, shaderOf } from "../support/shaders.ts";
import { say } from "./report.ts";
import type { UsedTable } from "./tables.ts";

/**
 * Has naga read and check every text once, and reports kernel by kernel. The driver, which takes far longer, compiles the first
 * text of each kernel, or all.
 */
export async function compileAll(tables: readonly UsedTable[], all: boolean): Promise<void> {
  const kernels = new Map<string, { texts: number; errors: string[] }>();
  const seen = new Set<string>();
  const compile = async (gpu: Gpu, shader: Shader) => {
    if (seen.has(shader.code)) return;
    seen.add(shader.code);
    const kernel = kernels.get(shader.name) ?? { texts: 0, errors: [] };
    kernels.set(shader.name, kernel);
    kernel.texts++;
    if (all || kernel.texts === 1) {
      await gpu.pipelines.compile(shader).catch((error) => kernel.errors.push(String(error)));
      return;
    }
    gpu.device.pushErrorScope("validation");
    gpu.device.createShaderModule(shader);
    const error = await gpu.device.popErrorScope();
    if (error) kernel.errors.push(`${shader.name}: ${error.message}`);
  };
  using whole = await openGpu();
  for (const name of kernelFiles.keys()) {
    const shader = shaderOf(name);
    const missing = neededBy(shader).filter((feature) => !whole.features.has(feature));
    if (missing.length === 0) await compile(whole, shader);
    else say({ kind: "not available", name: `shaders/${name}.wgsl`, why: `needs ${missing.join(", ")}` });
  }
  for (const used of tables) {
    for (const shader of shadersOf(used.gpu(), used)) await compile(used.gpu(), shader);
  }
  for (const [name, { texts, errors }] of kernels) say({ kind: "kernel", name, texts, errors });
}

/** Features of the device that a text enables. */
function neededBy({ code }: Shader): string[] {
  const names: Readonly<Record<string, string>> = { f16: "shader-f16" };
  return [...code.matchAll(/^enable (\w+);/gm)].map(([, name = ""]) => names[name] ?? name);
}

/** The shaders of a table's cases on the variants that take them; recorded, not run. */
function shadersOf(gpu: Gpu, { table }: UsedTable): Shader[] {
  return table.cases.flatMap((item) => {
    using _ = gpu.scope();
    const tensors = uploadedInputs(gpu, item);
    return table.variants
      .filter((variant) => !mustRefuse(gpu, table, variant, item))
      .flatMap((variant) => gpu.record(() => table.run(gpu, tensors, item.options ?? {}, variant)).dispatches)
      .map(({ shader }) => shader);
  });
}
