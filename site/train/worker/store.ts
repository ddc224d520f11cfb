// Runs stored in this browser: one file per task in the page's private file system, replaced atomically.

const folderName = "shaderformer-train";

/** The name of a task's file. */
const fileOf = (task: string): string => `${task}.safetensors`;

async function folder(sim: string | undefined): Promise<FileSystemDirectoryHandle> {
  if (sim === "no-storage") throw new DOMException("simulated: storage is forbidden", "SecurityError");
  const root = await navigator.storage.getDirectory();
  return await root.getDirectoryHandle(folderName, { create: true });
}

/** Writes a task's file, replacing the previous one. Throws the browser's error if it refuses. */
export async function keep(task: string, run: Blob, sim: string | undefined): Promise<void> {
  if (sim === "storage-full") throw new DOMException("simulated: the quota is used up", "QuotaExceededError");
  const file = await (await folder(sim)).getFileHandle(fileOf(task), { create: true });
  // The file is replaced when the writer is closed: a tab that ends before leaves the old one.
  const stream = await file.createWritable();
  try {
    await stream.write(run);
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
  await stream.close();
}

/** A task's file, or undefined. */
export async function kept(task: string, sim: string | undefined): Promise<Blob | undefined> {
  try {
    const file = await (await (await folder(sim)).getFileHandle(fileOf(task))).getFile();
    return file.size > 0 ? file : undefined;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  }
}

/** Deletes a task's file, if there is one. */
export async function forget(task: string, sim: string | undefined): Promise<void> {
  try {
    await (await folder(sim)).removeEntry(fileOf(task));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  }
}
