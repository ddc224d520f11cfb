/**
 * Memory that dispatches read and write. `buffer` is undefined for storage of a recorded program until it is
 * instantiated: a recorded program is made of logical storage only.
 */
export interface Storage {
  readonly id: number;
  readonly label: string;
  readonly bytes: number;
  readonly buffer: GPUBuffer | undefined;
  /** True where the buffer belongs to somebody else: disposing this does not give it back. */
  readonly lent: boolean;
  state: "live" | "disposed";
  /** Why the work that should have written this storage did not run. */
  failure: Error | undefined;
}

let nextId = 1;

/**
 * Storage with or without a buffer behind it; sizes are rounded up to the 4 bytes that bindings count in. Storage
 * without a buffer that is made outside of a recording is a placeholder, which an instance gives real memory.
 */
export function createStorage(label: string, bytes: number, buffer?: GPUBuffer, { lent = false } = {}): Storage {
  const size = Math.max(4, Math.ceil(bytes / 4) * 4);
  return { id: nextId++, label, bytes: size, buffer, lent, state: "live", failure: undefined };
}
