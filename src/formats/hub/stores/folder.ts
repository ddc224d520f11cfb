import { pause } from "../transfer.ts";
import type { Store, StorePath } from "./store.ts";

type FileSystem = typeof import("node:fs/promises");

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "");
const isAbsent = (error: unknown) => ["ENOENT", "ENOTDIR"].includes(codeOf(error));

/**
 * Milliseconds after which the lock of a process that no longer touches it may be taken; how often owners touch it; and
 * how often others check.
 */
const [staleAfter, touchEvery, lookEvery] = [15_000, 3000, 100];

/** A folder of the file system, in Node. It is created on the first write. */
export function folderStore(fs: FileSystem, root: string): Store {
  const pathOf = (path: StorePath) => [root, ...path].join("/");
  let writes = 0;

  async function write(path: StorePath, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const target = pathOf(path);
    await fs.mkdir(pathOf(path.slice(0, -1)), { recursive: true, mode: 0o700 });
    const temporary = `${target}.${process.pid}-${writes++}.tmp`;
    try {
      await fs.writeFile(temporary, bytes);
      await fs.rename(temporary, target);
    } catch (error) {
      await fs.rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** Takes the lock's file, or waits until its owner releases it or has died. */
  async function take(file: string, signal: AbortSignal | undefined): Promise<void> {
    await fs.mkdir(root, { recursive: true, mode: 0o700 });
    for (;;) {
      signal?.throwIfAborted();
      try {
        await (await fs.open(file, "wx")).close();
        return;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
      }
      const found = await fs.stat(file).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > staleAfter) {
        // Of several processes that see this, only one succeeds in moving it.
        const old = `${file}.${process.pid}.old`;
        const moved = await fs.rename(file, old).then(
          () => true,
          () => false,
        );
        if (moved) await fs.rm(old, { force: true });
        continue;
      }
      await pause(lookEvery, signal);
    }
  }

  async function locked<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const file = `${root}/${name.replaceAll(/[^\w.%-]/g, "-")}.lock`;
    await take(file, signal);
    const timer = setInterval(() => {
      const now = new Date();
      fs.utimes(file, now, now).catch(() => undefined);
    }, touchEvery);
    timer.unref();
    try {
      return await work();
    } finally {
      clearInterval(timer);
      await fs.rm(file, { force: true });
    }
  }

  return {
    kind: "folder",
    write,
    open: async (path) => {
      try {
        const { size } = await fs.stat(pathOf(path));
        const read = async (begin: number, end: number) => {
          const handle = await fs.open(pathOf(path));
          try {
            const bytes = new Uint8Array(end - begin);
            let filled = 0;
            while (filled < bytes.length) {
              const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, begin + filled);
              if (bytesRead === 0) break;
              filled += bytesRead;
            }
            return bytes.subarray(0, filled);
          } finally {
            await handle.close();
          }
        };
        return { size, read };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    list: async (folder) => {
      try {
        const names = await fs.readdir(pathOf(folder));
        return names.filter((name) => !/\.(tmp|lock|old)$/.test(name));
      } catch (error) {
        if (isAbsent(error)) return [];
        throw error;
      }
    },
    delete: async (path) => {
      if (path.length > 0) return await fs.rm(pathOf(path), { recursive: true, force: true });
      for (const name of await fs.readdir(root).catch(() => [])) {
        if (!name.endsWith(".lock")) await fs.rm(pathOf([name]), { recursive: true, force: true });
      }
    },
    estimate: async () => {
      const found = await fs.statfs(root).catch(() => undefined);
      return found ? { free: found.bavail * found.bsize } : {};
    },
    persist: async () => true,
    locked,
  };
}
