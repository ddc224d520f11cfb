// Runs that are kept in this browser: a file for each task in the page's private file system, replaced whole or not at all.

const folderName = "shaderformer-train";

/** The name of a task's file. */
const fileOf = (task: string): string => `${task}.safetensors`;

async function folder(sim: string | undefined): Promise<FileSystemDirectoryHandle> {
  if (sim === "no-storage") throw new DOMException("simulated: storage is forbidden", "SecurityError");
  const root = await navigator.storage.getDirectory();
  return await root.getDirectoryHandle(folderName, { create: true });
}

/** Writes a task's file in place of the one before. Throws what the browser says where it does not let it. */
export async function keep(task: string, run: Blob, sim: string | undefined): Promise<void> {
  if (sim === "storage-full") throw new DOMException("simulated: the quota is used up", "QuotaExceededError");
  const file = await (await folder(sim)).getFileHandle(fileOf(task), { create: true });
  // What is written takes the file's place when it is closed: a tab that ends before leaves the earlier one.
  const stream = await file.createWritable();
  try {
    await stream.write(run);
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
  await stream.close();
}

/** A task's file; undefined where there is none. */
export async function kept(task: string, sim: string | undefined): Promise<Blob | undefined> {
  try {
    const file = await (await (await folder(sim)).getFileHandle(fileOf(task))).getFile();
    return file.size > 0 ? file : undefined;
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotFoundError") return undefined;
    throw error;
  }
}

/** Deletes a task's file, where there is one. */
export async function forget(task: string, sim: string | undefined): Promise<void> {
  try {
    await (await folder(sim)).removeEntry(fileOf(task));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotFoundError")) throw error;
  }
}
