import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { withProgress } from "./progress.ts";

/** What a file is written of. */
export interface Writing {
  readonly bytes: number;
  /** The bytes in order. */
  readonly pieces: () => AsyncGenerator<Uint8Array>;
}

/** Writes a file under another name first, so that one that is not whole is never taken for it. */
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
      await handle.sync(); // before the name says that it is there, even where the power fails
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
