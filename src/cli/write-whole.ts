import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withProgress } from "./progress.ts";

/** The contents of a file. */
interface Writing {
  readonly bytes: number;
  /** The bytes in order. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
}

/** Writes a file under another name first, so that a partial one is never mistaken for it. */
export async function writeWhole(file: string, { bytes, pieces }: Writing, quiet: boolean): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.part`);
  try {
    const handle = await open(part, "w");
    try {
      await withProgress("writing ", quiet, async (report) => {
        let done = 0;
        for await (const piece of pieces()) {
          await handle.writeFile(piece);
          done += piece.length;
          report({ done, total: bytes });
        }
      });
      await handle.sync(); // before the rename, to survive a power failure
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    const isSystems = error instanceof Error && "syscall" in error;
    throw isSystems ? new Error(`${file} cannot be written: ${error.message}`, { cause: error }) : error;
  }
}
