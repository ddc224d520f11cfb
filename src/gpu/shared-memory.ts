import type { BufferPool } from "./buffers.ts";
import type { CallList } from "./call-list.ts";
import { packUniforms, type Uniforms } from "./lower.ts";

/** Memory shared by a program's instances on one device: the buffers of its temporaries and uniforms. */
export class SharedMemory {
  /** Instances that exist or are being made. */
  users = 0;
  readonly #buffers: BufferPool;
  #temporaries: readonly GPUBuffer[] | undefined;
  #uniforms: Uniforms | undefined;

  constructor(buffers: BufferPool) {
    this.#buffers = buffers;
  }

  /** The memory, allocated if there is none yet; whether that succeeded is known once `buffers.checked`. */
  take({ plan, operations }: CallList<unknown>): { temporaries: readonly GPUBuffer[]; uniforms: Uniforms } {
    const buffers = this.#buffers;
    this.#temporaries ??= plan.sizes.map((bytes, colour) => takeSubmitted(buffers, `temporary ${colour}`, bytes));
    if (!this.#uniforms) {
      const { memory, offsets } = packUniforms(operations);
      const fill = (target: ArrayBuffer) => new Uint8Array(target).set(memory);
      this.#uniforms = { buffer: buffers.createFilled("program uniforms", memory.byteLength, fill), offsets };
    }
    return { temporaries: this.#temporaries, uniforms: this.#uniforms };
  }

  /** Releases memory that was taken, unless it is released already: the next call to take it allocates again. */
  drop({ temporaries, uniforms }: ReturnType<SharedMemory["take"]>): void {
    if (this.#uniforms === uniforms) {
      this.#uniforms = undefined;
      this.#buffers.give(uniforms.buffer);
    }
    if (this.#temporaries === temporaries) {
      this.#temporaries = undefined;
      this.#buffers.giveAll(temporaries);
    }
  }

  /** Releases all of it. */
  free(): void {
    if (this.#uniforms) this.#buffers.give(this.#uniforms.buffer);
    this.#buffers.giveAll(this.#temporaries ?? []);
    this.#temporaries = undefined;
    this.#uniforms = undefined;
  }
}

/** A buffer for a program: its runs overtake unsubmitted eager work, so that work must not use the buffer. */
export function takeSubmitted(buffers: BufferPool, label: string, bytes: number): GPUBuffer {
  return buffers.take(label, bytes, { submitted: true });
}
