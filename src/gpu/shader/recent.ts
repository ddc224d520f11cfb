/** A map of the entries used last, so that a cache keyed by content does not grow for the life of a process. */
export class Recent<K, V> {
  readonly #most: number;
  readonly #entries = new Map<K, V>();

  /** Keeps at most `most` entries. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Entries kept. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key, which is then the last used. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  /** Keeps a value; where there is no room, the least recently used one is dropped. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
  }
}
