import type { BufferPool } from "./buffers.ts";
import type { CallList } from "./call-list.ts";
import { packUniforms, type Uniforms } from "./lower.ts";

/** What the instances of a program on one device share: the buffers of its temporaries and of its uniforms. */
export class SharedMemory {
  /** Instances that exist or are being made. */
  users = 0;
  readonly #buffers: BufferPool;
  #temporaries: readonly GPUBuffer[] | undefined;
  #uniforms: Uniforms | undefined;

  constructor(buffers: BufferPool) {
    this.#buffers = buffers;
  }

  /** The memory, made where there is none; whether it could be had is known once `buffers.checked`. */
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

  /** Gives memory back that was taken, unless that happened already: the next one to take it tries anew. */
  drop({ temporaries, uniforms }: ReturnType<SharedMemory["take"]>): void {
    if (this.#temporaries === temporaries) {
      this.#temporaries = undefined;
      for (const buffer of temporaries) this.#buffers.give(buffer);
    }
    if (this.#uniforms === uniforms) {
      this.#uniforms = undefined;
      this.#buffers.give(uniforms.buffer);
    }
  }

  /** Gives all of it back. */
  free(): void {
    for (const buffer of this.#temporaries ?? []) this.#buffers.give(buffer);
    if (this.#uniforms) this.#buffers.give(this.#uniforms.buffer);
    this.#temporaries = undefined;
    this.#uniforms = undefined;
  }
}

/** A buffer for a program: its runs overtake the eager work that is not submitted yet, so it must not occur there. */
export function takeSubmitted(buffers: BufferPool, label: string, bytes: number): GPUBuffer {
  return buffers.take(label, bytes, { submitted: true });
}
