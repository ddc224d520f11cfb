import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TrainedFolder } from "../../train/open/trained-folder.ts";
import { say } from "../output.ts";
import { quantity } from "../units.ts";
import { writeWhole } from "../write-whole.ts";

/** Throws for a folder that must not be written, before any work is done. */
export async function checkOut(out: string, { force = false, resume = false }): Promise<void> {
  if (out === "") throw new Error("--out: the name of the folder is empty");
  const found = await stat(out).catch(() => undefined);
  if (found && !found.isDirectory()) throw new Error(`--out: ${out} is a file, expected the name of a folder`);
  if (found && !force && !resume) throw new Error(`--out: ${out} is there already; --force writes over it`);
}

/** Writes the small files of a model's folder. */
export async function writeSmallFiles(
  out: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(out, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const file = join(out, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content).catch((cause: Error) => {
      throw new Error(`${file} cannot be written: ${cause.message}`, { cause });
    });
  }
}

/** Writes the folder of a trained model, or of its adapter; the weights atomically. */
export async function writeModel(out: string, writing: TrainedFolder, json: boolean): Promise<void> {
  await writeSmallFiles(out, { ...writing.files, ...writing.binary });
  await writeWhole(join(out, writing.file ?? "model.safetensors"), writing, json);
  if (!json) say(`${out}: ${quantity(writing.bytes, "B")}`);
}
