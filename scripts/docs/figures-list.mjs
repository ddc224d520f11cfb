// The kernels with a cost figure that is not compared with the interpreter's count, from the tests' table.
import { bundled } from "./bundled.mjs";

/** The list of docs/guarantees.md: each reason with its kernels. */
export async function figuresList() {
  const { figures } = await bundled(`export * from "./test/wgsl/traffic/figures.ts";`);
  const groups = new Map();
  for (const [kernel, { operations, bytes }] of Object.entries(figures)) {
    const kinds = new Map();
    if (operations.not) kinds.set(operations.not, "operations");
    if (bytes) kinds.set(bytes.not, kinds.has(bytes.not) ? "operations and bytes" : "bytes");
    for (const [why, kind] of kinds) {
      const reason = `${why[0].toUpperCase()}${why.slice(1)} (${kind})`;
      groups.set(reason, [...(groups.get(reason) ?? []), `[${kernel}](../shaders/${kernel}.wgsl)`]);
    }
  }
  return [...groups].map(([reason, links]) => `- ${reason}:\n  ${links.join(",\n  ")}\n`).join("");
}
