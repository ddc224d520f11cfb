// Texts of programs in the copy of the clone in which docs/guides/add-a-storage-format.md and
// docs/guides/add-a-model-family.md are followed.

/** What the copy says of them: the cases that have the format, and the logits of the family, its weights in it too. */
export const questions = `
import { checkCase } from "./src/check/check-case.ts";
import { gatherCases } from "./src/check/cases/embedding.ts";
import { matmulCases } from "./src/check/cases/products/matmul.ts";
import { expertsCases } from "./src/check/cases/moe/experts.ts";
import { inspect } from "./src/generate/look/inspection.ts";
import { loadModel, openGpu } from "./src/index.ts";

const [folder = "", ids = "[]"] = process.argv.slice(2);
const gpu = await openGpu({ features: [] });
const checked: string[] = [];
for (const [table, variant] of [[matmulCases, "naive"], [gatherCases, "gather"], [expertsCases, "vector"]] as const) {
  for (const item of table.cases.filter(({ name }) => name.includes("int8-sixteen"))) {
    await checkCase(gpu, table as never, variant, item as never);
    checked.push(table.op + ": " + item.name);
  }
}
const logits: Record<string, number[]> = {};
for (const dtype of ["f32", "int8-sixteen"] as const) {
  using model = await loadModel(gpu, folder, { dtype });
  using session = model.session();
  logits[dtype] = (await inspect(session.state, JSON.parse(ids), "all")).logits.flatMap((row) => [...row]);
}
gpu.close();
console.log(JSON.stringify({ checked, logits }));
`;

/** What it must and must not type, and a file that the guides wrote or changed, which is checked with it. */
export const typed = `import { type DType, type ModelOptions, tensor } from "./src/index.ts";
export const dtype: DType = "int8-sixteen";
export const given: ModelOptions = { dtype: "int8-sixteen" };
// @ts-expect-error: it is no cache format
export const wrong: ModelOptions = { cache: { dtype: "int8-sixteen" } };
export { tensor };
`;
export const checkedFile = "src/models/decoders/tern.ts";
