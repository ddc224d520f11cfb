/** Dropped files, or those of a dropped folder without its subfolders. */
export async function filesOf(
  dropped: DataTransfer,
): Promise<{ readonly name: string; readonly files: readonly File[] }> {
  // Entries must be read before the first await, after which the list is empty. Drops by scripts may have none.
  const loose = [...dropped.files];
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry());
  const [alone] = entries;
  if (entries.length === 1 && alone?.isDirectory) {
    return { name: alone.name, files: await filesIn(alone as FileSystemDirectoryEntry) };
  }
  const files = entries.filter((entry) => entry?.isFile === true).map((entry) => fileOf(entry as FileSystemFileEntry));
  const all = files.length > 0 ? await Promise.all(files) : loose;
  return { name: nameOfFiles(all), files: all };
}

/** The name for files without a folder: that of a model in one file. */
export const nameOfFiles = (files: readonly File[]): string => {
  const [first, ...others] = files;
  return first && others.length === 0 ? first.name : "your files";
};

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

async function filesIn(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const files: File[] = [];
  for (;;) {
    // Browsers give at most a hundred at a time.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    const found = entries.filter(({ isFile }) => isFile).map((entry) => fileOf(entry as FileSystemFileEntry));
    files.push(...(await Promise.all(found)));
  }
}

/** Attributes of a field that picks a folder, which the types of elements do not have. */
export const picksFolder = { webkitdirectory: true };
