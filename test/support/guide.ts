import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codeBlocks } from "./code-blocks.ts";

/** Files that a guide's reader made and changed. */
export interface Followed {
  readonly made: readonly string[];
  readonly changed: readonly string[];
}

/**
 * Follows a guide in a copy of the clone: blocks whose first line names a file are that file, or where there is one
 * already what is to be added to it. Imports go to its top, what follows `// …` to the end of its list, and anything
 * else is the last row of its table.
 */
export async function followGuide(markdownFile: string, folder: string): Promise<Followed> {
  const [made, changed]: [string[], string[]] = [[], []];
  for (const { code } of codeBlocks(await readFile(markdownFile, "utf8"))) {
    const [heading = "", name] = /^\/\/ ([\w./-]+\/[\w.-]+\.\w+)\n/.exec(code) ?? [];
    if (name === undefined) continue;
    const file = join(folder, name);
    const given = code.slice(heading.length);
    if (!existsSync(file)) {
      await writeFile(file, given);
      made.push(name);
      continue;
    }
    const before = await readFile(file, "utf8");
    const after = given.includes("// …") ? withWord(before, given) : withRow(before, given);
    if (after === before) throw new Error(`${markdownFile}: nothing is added to ${name}`);
    await writeFile(file, after);
    changed.push(name);
  }
  return { made, changed };
}

/** The words of a guide's command after `node dist/cli.js`. */
export async function commandOf(markdownFile: string): Promise<string[]> {
  const commands = codeBlocks(await readFile(markdownFile, "utf8")).flatMap(({ language, code }) =>
    language === "sh" ? [code.trim()] : [],
  );
  const [node, script, ...words] = (commands[0] ?? "").split(" ");
  if (`${node} ${script}` !== "node dist/cli.js") throw new Error(`${markdownFile} has no command: ${commands[0]}`);
  return words;
}

function withWord(text: string, given: string): string {
  const imports = given.split("\n").filter((line) => line.startsWith("import "));
  const [, list = "", word = ""] =
    /^((?:export )?const \w+) = [[{]\n\s*\/\/ …\n\s*([\s\S]*?),\n[\]}]/m.exec(given) ?? [];
  const at = text.indexOf(`${list} = `);
  if (list === "" || at < 0) throw new Error(`there is no list ${list}`);
  const added = text.slice(at).replace(/,?\s*([\]}]) as const/, `, ${word}$1 as const`);
  return `${imports.join("\n")}\n${text.slice(0, at)}${added}`;
}

const withRow = (text: string, row: string) => text.replace(/^\} satisfies/m, `${row}} satisfies`);
