import { readdirSync, readFileSync } from "node:fs";
import type { FileSource } from "../../../src/formats/source.ts";
import { memorySource } from "../../formats/memory-source.ts";
import { encoderFolder } from "./golden-encoders.ts";

/** Every file of a golden folder, those of its folders too, by name. */
export function filesOf(name: string): Record<string, Uint8Array> {
  const folder = encoderFolder(name);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = `${entry.parentPath}/${entry.name}`;
      return [path.slice(folder.length + 1), new Uint8Array(readFileSync(path))];
    }),
  );
}

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

/** The files of a golden folder with others in their place or beside them; undefined: without the file. */
export function changedFolder(name: string, changes: Readonly<Record<string, unknown>>): FileSource {
  const files = filesOf(name);
  for (const [file, value] of Object.entries(changes)) {
    if (value === undefined) delete files[file];
    else files[file] = value instanceof Uint8Array ? value : bytes(value);
  }
  return memorySource(files);
}

/** A module of `modules.json`. */
export const moduleOf = (idx: number, path: string, kind: string) => ({
  idx,
  name: String(idx),
  path,
  type: `sentence_transformers.models.${kind}`,
});
