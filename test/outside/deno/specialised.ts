// Every kernel file with the parts that it names, and the texts that the cases are specialised to: whether they
// compile.

import type { Case, CaseInput, CaseTable } from "../../../src/check/case-table.ts";
import { mapNamed } from "../../../src/check/named.ts";
import { mustRefuse } from "../../../src/check/run-case.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { placeholder } from "../../../src/tensor/tensor.ts";
import { kernelFiles, shaderOf } from "../../support/shaders.ts";
import { say } from "./report.ts";
import type { UsedTable } from "./tables.ts";

/**
 * Has naga read and check every text once, and reports kernel by kernel. The driver, which takes far longer, compiles
 * all or none: cases have it compile theirs.
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
    if (all) {
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
  for (const { gpu, table } of tables) {
    for (const item of table.cases) {
      for (const variant of table.variants) {
        for (const shader of shadersOf(gpu(), table, variant, item)) await compile(gpu(), shader);
      }
    }
  }
  for (const [name, { texts, errors }] of kernels) say({ kind: "kernel", name, texts, errors });
}

/** Features of the device that a text enables. */
function neededBy({ code }: Shader): string[] {
  const names: Readonly<Record<string, string>> = { f16: "shader-f16" };
  return [...code.matchAll(/^enable (\w+);/gm)].map(([, name = ""]) => names[name] ?? name);
}

/** The shaders of a case on a variant, none where that refuses it; recorded, not run, so that inputs have no memory. */
function shadersOf(gpu: Gpu, table: CaseTable, variant: string, item: Case): Shader[] {
  if (mustRefuse(gpu, table, variant, item)) return [];
  using _ = gpu.scope();
  const tensors = mapNamed(item.inputs, ({ shape, dtype = "f32" }: CaseInput) =>
    placeholder(gpu, shape, dtype, "input"),
  );
  const { dispatches } = gpu.record(() => table.run(gpu, tensors, item.options ?? {}, variant));
  return dispatches.map(({ shader }) => shader);
}
