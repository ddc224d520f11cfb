// The page of the public names, from the entry files and what the code says of each name.
import { surfaceOf } from "./definitions.mjs";

/** The entries of the package, by what is imported. */
export const entries = new Map([
  ["shaderformer", "src/index.ts"],
  ["shaderformer/attention", "src/attention.ts"],
  ["shaderformer/encoders", "src/encoders.ts"],
  ["shaderformer/train", "src/train/index.ts"],
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
      parts.push(`### ${heading}\n`);
      if (values.length > 0) {
        const rows = values.map(
          ({ name, file: from, sentence }) => `| [\`${name}\`](../${from}) | ${cell(sentence)} |`,
        );
        parts.push(`| name | what it is |\n| --- | --- |\n${rows.join("\n")}\n`);
      }
      if (types.length > 0) {
        parts.push(`Types: ${types.map(({ name, file: from }) => `[\`${name}\`](../${from})`).join(", ")}.\n`);
      }
    }
  }
  return `${parts.join("\n")}`;
}

const cell = (text) => text.replaceAll("|", "\\|");
