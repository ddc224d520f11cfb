// The page of the public names, from the entry files and from each name's comment and declaration in the code.
import { surfaceOf } from "./definitions.mjs";
import { signaturesOf } from "./signatures.mjs";

/** The entries of the package, by import specifier. */
export const entries = new Map([
  ["shaderformer", "src/index.ts"],
  ["shaderformer/attention", "src/attention.ts"],
  ["shaderformer/encoders", "src/encoders.ts"],
  ["shaderformer/train", "src/train/index.ts"],
  ["shaderformer/words", "src/words.ts"],
  ["shaderformer/wgsl-run", "src/wgsl-run.ts"],
  ["shaderformer/check", "src/check/index.ts"],
  ["shaderformer/reference", "src/reference/index.ts"],
]);

/** The text of docs/api.md. */
export async function apiPage() {
  const parts = [];
  for (const [entry, file] of entries) {
    parts.push(`## \`${entry}\`\n`);
    const whole = await surfaceOf(file);
    const surface = whole.filter((one) => one.entry === file);
    for (const [other, path] of entries) {
      if (other !== entry && whole.some((one) => one.entry === path)) parts.push(`Also all of \`${other}\`.\n`);
    }
    for (const heading of new Set(surface.map((one) => one.heading))) {
      const own = surface.filter((one) => one.heading === heading);
      const bare = own.find(({ isType, sentence }) => !isType && sentence === "");
      if (bare) throw new Error(`${bare.file}: ${bare.name} is public and has no comment that says what it is`);
      const values = own.filter(({ isType }) => !isType);
      const types = own.filter(({ isType }) => isType);
      if (heading !== "") parts.push(`### ${heading}\n`);
      if (values.length > 0) parts.push(`${(await Promise.all(values.map(itemOf))).join("\n")}\n`);
      if (types.length > 0) {
        parts.push(`Types: ${types.map(({ exported, file: from }) => `[\`${exported}\`](../${from})`).join(", ")}.\n`);
      }
    }
  }
  return `${parts.join("\n")}`;
}

/** A value: its signature, what it is, and further signatures, or the members of a class. */
async function itemOf({ name, exported, file, sentence }) {
  const [first, ...others] = await signaturesOf(file, name);
  const isClass = first.startsWith("class ");
  const rest = isClass ? "" : first.slice(name.length).replace(/^: /, "");
  const link = `[\`${isClass ? `class ${exported}` : exported}\`](../${file})`;
  const lines = [`- ${link}${rest && ` \`${rest}\``}\\`, `  ${sentence}`, ...others.map((other) => `  - \`${other}\``)];
  return lines.join("\n");
}
