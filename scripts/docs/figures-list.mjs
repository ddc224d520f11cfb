// The kernels of which a figure of cost is not held against the interpreter's count, from the tests' table.
import { bundled } from "./bundled.mjs";

/** The list of docs/guarantees.md. */
export async function figuresList() {
  const { figures } = await bundled(`export * from "./test/traffic/figures.ts";`);
  const lines = Object.entries(figures).flatMap(([kernel, { operations, bytes }]) => {
    const why = [operations.not && `operations: ${operations.not}`, bytes && `bytes: ${bytes.not}`].filter(Boolean);
    return why.length === 0 ? [] : [`- [${kernel}](../shaders/${kernel}.wgsl): ${why.join("; ")}`];
  });
  return `${lines.join("\n")}\n`;
}
