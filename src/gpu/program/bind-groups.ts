/** Maximum number of bind groups kept: enough for a few prompts and a decode step of a model of a hundred layers. */
const kept = 4096;

/**
 * Bind groups by what they bind, the least recently used dropped first. WebGPU cannot free one, and a driver may hold
 * memory for each until JavaScript collects it, so work that binds the same ranges again reuses the group.
 */
export class BindGroupCache {
  /** Groups made so far: neither a decode step nor a repeated generation may add to it. */
  made = 0;
  readonly #device: GPUDevice;
  readonly #groups = new Map<string, { readonly group: GPUBindGroup; readonly buffers: readonly GPUBuffer[] }>();
  readonly #users = new Map<GPUBuffer, Set<string>>();
  readonly #ids = new WeakMap<object, number>();
  #nextId = 1;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The bind group of these buffers' ranges, made if it does not exist. */
  get(layout: GPUBindGroupLayout, entries: GPUBindGroupEntry[]): GPUBindGroup {
    const parts = [this.#idOf(layout)];
    const buffers: GPUBuffer[] = [];
    for (const { binding, resource } of entries) {
      if (!("buffer" in resource)) continue;
      parts.push(binding, this.#idOf(resource.buffer), resource.offset ?? 0, resource.size ?? 0);
      buffers.push(resource.buffer);
    }
    const key = parts.join();
    const known = this.#groups.get(key);
    if (known) {
      this.#groups.delete(key); // set again, so that the map's order is the order of use
      this.#groups.set(key, known);
      return known.group;
    }
    const group = this.#device.createBindGroup({ layout, entries });
    this.made++;
    this.#groups.set(key, { group, buffers });
    for (const buffer of buffers) {
      const users = this.#users.get(buffer);
      if (users) users.add(key);
      else this.#users.set(buffer, new Set([key]));
    }
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= kept) break;
      this.#drop(oldest);
    }
    return group;
  }

  #drop(key: string): void {
    for (const buffer of this.#groups.get(key)?.buffers ?? []) {
      const users = this.#users.get(buffer);
      users?.delete(key);
      if (users?.size === 0) this.#users.delete(buffer);
    }
    this.#groups.delete(key);
  }

  /** Drops the bind groups of a buffer. */
  forget(buffer: GPUBuffer): void {
    for (const key of [...(this.#users.get(buffer) ?? [])]) this.#drop(key);
  }

  /** Drops all of them: one may be invalid. */
  clear(): void {
    this.#groups.clear();
    this.#users.clear();
  }

  #idOf(key: object): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(key, id);
    }
    return id;
  }
}
