/** Bytes that are stored under a name. */
export interface Stored {
  readonly size: number;
  /** The bytes `[begin, end)`. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The names of folders, and then of what is stored. Each is at most 200 letters, digits and `.-_%`. */
export type StorePath = readonly string[];

/**
 * Where bytes are kept by name, in folders. What is written is there whole or not at all. Functions throw what the
 * platform throws: a full disk, a quota that is exceeded, a folder that may not be written.
 */
export interface Store {
  readonly kind: "opfs" | "cache-api" | "folder";
  write(path: StorePath, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Undefined where nothing is stored. */
  open(path: StorePath): Promise<Stored | undefined>;
  /** The names in a folder, or none. */
  list(folder: StorePath): Promise<readonly string[]>;
  /** Deletes what is stored, or a folder with all that is in it; of what is not there, nothing. */
  delete(path: StorePath): Promise<void>;
  /** Bytes that the platform counts as used, and how many more there is room for, where it says so. */
  estimate(): Promise<{ readonly used?: number; readonly free?: number }>;
  persist(): Promise<boolean>;
  /** Runs work that no other tab or process does at the same time under this name. */
  locked<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

/** A name as part of a path: other characters are escaped, and long names end in a part of their digest. */
export function pathPart(name: string): string {
  const escaped = [...new TextEncoder().encode(name)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("")
    .replace(/^\./, "%2e");
  if (escaped.length <= 160) return escaped;
  // FNV-1a: names of one repository that differ must not meet; they are not chosen to.
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return `${escaped.slice(0, 140)}-${hash.toString(16).padStart(16, "0")}`;
}
