import { GpuError } from "../errors.ts";
import type { Pipelines } from "../shader/pipelines.ts";
import type { Storage } from "../storage.ts";
import type { BindGroupCache } from "./bind-groups.ts";
import type { Binding, Dispatch } from "./dispatch.ts";
import type { Command, Place } from "./encode.ts";
import type { Operation } from "./recording.ts";

/** The scalars of all uniforms of some operations in one buffer, and where each block begins. */
export interface Uniforms {
  readonly buffer: GPUBuffer;
  readonly offsets: ReadonlyMap<Uint8Array, number>;
}

/** Looks up what operations refer to. */
export interface Lowering {
  readonly pipelines: Pipelines;
  readonly resolve: (storage: Storage) => Place;
  readonly uniforms: Uniforms;
  readonly bindGroups: BindGroupCache;
}

/** Uniform bindings start at multiples of this, the default `minUniformBufferOffsetAlignment`. */
const uniformAlignment = 256;

/** The scalars of all uniforms of `operations` in one block of memory, and where each begins; equal ones share. */
export function packUniforms(operations: readonly Operation[]): {
  memory: Uint8Array<ArrayBuffer>;
  offsets: Uniforms["offsets"];
} {
  const offsets = new Map<Uint8Array, number>();
  const byContent = new Map<string, number>();
  const blocks: { offset: number; bytes: Uint8Array }[] = [];
  let end = 0;
  for (const operation of operations) {
    if (operation.kind !== "dispatch") continue;
    for (const { bytes } of operation.dispatch.uniforms) {
      const content = bytes.join();
      let offset = byContent.get(content);
      if (offset === undefined) {
        offset = end;
        byContent.set(content, offset);
        blocks.push({ offset, bytes });
        end += Math.ceil(bytes.byteLength / uniformAlignment) * uniformAlignment;
      }
      offsets.set(bytes, offset);
    }
  }
  const memory = new Uint8Array(new ArrayBuffer(Math.max(uniformAlignment, end)));
  for (const { offset, bytes } of blocks) memory.set(bytes, offset);
  return { memory, offsets };
}

/**
 * Lowers an operation to a command. Throws for a dispatch whose shader is not compiled, or where one binding writes a
 * buffer that another also uses.
 */
export function lowerOperation(operation: Operation, { pipelines, resolve, uniforms, bindGroups }: Lowering): Command {
  if (operation.kind === "copy") {
    const { from, fromOffset, to, toOffset, bytes } = operation.copy;
    const source = resolve(from);
    const target = resolve(to);
    return {
      kind: "copy",
      from: source.buffer,
      fromOffset: source.offset + fromOffset,
      to: target.buffer,
      toOffset: target.offset + toOffset,
      bytes,
    };
  }
  const { dispatch } = operation;
  const pipeline = pipelines.get(dispatch.shader);
  if (!pipeline) throw new GpuError(`${dispatch.kernel}: not compiled`);
  assertWrittenOnce(dispatch, resolve);
  const groups = pipeline.layouts.map((layout, group) => {
    const entries: GPUBindGroupEntry[] = [];
    for (const binding of dispatch.bindings) {
      if (binding.group === group) entries.push({ binding: binding.binding, resource: rangeOf(binding, resolve) });
    }
    for (const { group: owner, binding, bytes } of dispatch.uniforms) {
      if (owner !== group) continue;
      const offset = uniforms.offsets.get(bytes) ?? 0;
      entries.push({ binding, resource: { buffer: uniforms.buffer, offset, size: bytes.byteLength } });
    }
    return bindGroups.get(layout, entries);
  });
  const command = { kind: "dispatch", pipeline: pipeline.pipeline, groups, workgroups: dispatch.workgroups } as const;
  if (!dispatch.indirect) return command;
  const { buffer, offset } = resolve(dispatch.indirect.storage);
  return { ...command, indirect: { buffer, offset: offset + dispatch.indirect.offset } };
}

/** A buffer that a dispatch writes may be bound only once: WebGPU tracks whole buffers, not ranges. */
function assertWrittenOnce(dispatch: Dispatch, resolve: (storage: Storage) => Place): void {
  const written = new Map<GPUBuffer, string>();
  for (const { access, name, storage } of dispatch.bindings) {
    if (access === "read_write") written.set(resolve(storage).buffer, name);
  }
  for (const { name, storage } of dispatch.bindings) {
    const other = written.get(resolve(storage).buffer);
    if (other !== undefined && other !== name) {
      throw new GpuError(`${dispatch.kernel}: ${other} is written and shares its memory with ${name}`);
    }
  }
}

function rangeOf(binding: Binding, resolve: (storage: Storage) => Place): GPUBufferBinding {
  const place = resolve(binding.storage);
  const offset = place.offset + binding.offset;
  if (offset % uniformAlignment !== 0) {
    throw new GpuError(`${binding.name} begins at byte ${offset} of its buffer, which is not a multiple of 256`);
  }
  const there = place.bytes === undefined ? Number.POSITIVE_INFINITY : place.bytes - binding.offset;
  return { buffer: place.buffer, offset, size: Math.min(Math.ceil(binding.bytes / 4) * 4, there) };
}
