/**
 * Memory that dispatches read and write. `buffer` is undefined for storage of a recorded program until it is
 * instantiated: a recorded program is made of logical storage only.
 */
export interface Storage {
  readonly id: number;
  readonly label: string;
  readonly bytes: number;
  readonly buffer: GPUBuffer | undefined;
  /** True where the buffer has another owner: disposing this storage does not release it. */
  readonly lent: boolean;
  state: "live" | "disposed";
  /** Why the work that writes this storage did not run. */
  failure: Error | undefined;
}

let nextId = 1;

/**
 * Storage with or without a buffer; sizes are rounded up to the multiples of 4 bytes that bindings require. Storage
 * made without a buffer outside of a recording is a placeholder, for which an instance supplies real memory.
 */
export function createStorage(label: string, bytes: number, buffer?: GPUBuffer, { lent = false } = {}): Storage {
  const size = Math.max(4, Math.ceil(bytes / 4) * 4);
  return { id: nextId++, label, bytes: size, buffer, lent, state: "live", failure: undefined };
}
