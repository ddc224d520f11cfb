import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A piece of code in a Markdown file, with the language after its fence. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** The fenced code blocks of a Markdown text, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return Array.from(markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm), ([, language = "", code = ""]) => ({
    language,
    code,
  }));
}

/**
 * Writes the blocks whose first line names a file (`// square.js`) into a folder, as a reader would; gives their names.
 */
export async function writeNamedBlocks(markdownFile: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const { code } of codeBlocks(await readFile(markdownFile, "utf8"))) {
    const [, name] = /^(?:\/\/|<!--|#) ([\w./-]+\.\w+)(?: -->)?\n/.exec(code) ?? [];
    if (name === undefined) continue;
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code.slice(code.indexOf("\n") + 1));
    names.push(name);
  }
  return names;
}
