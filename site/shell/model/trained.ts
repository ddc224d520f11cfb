// Models that were trained here, kept in the browser's private file system for the pages of this site: a folder by name.

import { sim } from "../sim.ts";
import { trainedName } from "./trained-link.ts";

const folderName = "shaderformer-trained";

async function folderOf(name: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  if (sim === "no-storage") throw new DOMException("simulated: storage is forbidden", "SecurityError");
  const root = await navigator.storage.getDirectory();
  return await (await root.getDirectoryHandle(folderName, { create })).getDirectoryHandle(name, { create });
}

/** Keeps a trained model's files, in place of one of the same name. Throws what the browser says against it. */
export async function keepTrained(name: string, files: Readonly<Record<string, Blob>>): Promise<void> {
  const folder = await folderOf(name, true);
  for (const [file, content] of Object.entries(files)) {
    const stream = await (await folder.getFileHandle(file, { create: true })).createWritable();
    await stream.write(content);
    await stream.close();
  }
}

/** The files of a trained model by its name in links; undefined where it is not in this browser. */
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
