/** Bytes stored under a name. */
interface Stored {
  readonly size: number;
  /** The bytes `[begin, end)`. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The names of folders, then of the entry. Each is at most 200 letters, digits and `.-_%`. */
export type StorePath = readonly string[];

/**
 * Where bytes are kept by name, in folders. Writes are atomic. Functions throw what the platform throws: a full disk,
 * an exceeded quota, a folder without write access.
 */
export interface Store {
  readonly kind: "opfs" | "cache-api" | "folder";
  write(path: StorePath, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Undefined if nothing is stored. */
  open(path: StorePath): Promise<Stored | undefined>;
  /** The names in a folder, or none. */
  list(folder: StorePath): Promise<readonly string[]>;
  /** Deletes an entry, or a folder with its contents; does nothing if it does not exist. */
  delete(path: StorePath): Promise<void>;
  /** Bytes that the platform counts as used and as free, if it reports them. */
  estimate(): Promise<{ readonly used?: number; readonly free?: number }>;
  persist(): Promise<boolean>;
  /** Runs work under a lock of this name, across tabs and processes. */
  locked<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

/** A name as part of a path: other characters are escaped, and long names end in a hash. */
export function pathPart(name: string): string {
  const escaped = [...new TextEncoder().encode(name)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("")
    .replace(/^\./, "%2e");
  if (escaped.length <= 160) return escaped;
  // FNV-1a: different names in one repository must not collide; nobody chooses them to.
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return `${escaped.slice(0, 140)}-${hash.toString(16).padStart(16, "0")}`;
}
