// Models trained here, stored in the browser's private file system for the pages of this site: one folder per name.

import { sim } from "../sim.ts";
import { trainedName } from "./trained-link.ts";

const folderName = "shaderformer-trained";

async function folderOf(name: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  if (sim === "no-storage") throw new DOMException("simulated: storage is forbidden", "SecurityError");
  const root = await navigator.storage.getDirectory();
  return await (await root.getDirectoryHandle(folderName, { create })).getDirectoryHandle(name, { create });
}

/** Stores a trained model's files, replacing one of the same name. Throws the browser's error if it refuses. */
export async function keepTrained(name: string, files: Readonly<Record<string, Blob>>): Promise<void> {
  const folder = await folderOf(name, true);
  for (const [file, content] of Object.entries(files)) {
    const stream = await (await folder.getFileHandle(file, { create: true })).createWritable();
    await stream.write(content);
    await stream.close();
  }
}

/** The files of a trained model by its name in links; undefined if it is not in this browser. */
export async function trainedFiles(link: string): Promise<Readonly<Record<string, Blob>> | undefined> {
  try {
    const folder = await folderOf(trainedName(link), false);
    const files: Record<string, Blob> = {};
    for await (const [name, entry] of folder.entries()) {
      if (entry.kind === "file") files[name] = await (entry as FileSystemFileHandle).getFile();
    }
    return files;
  } catch {
    return undefined; // there is no such folder, or storage is forbidden
  }
}
