import type { Binding, Dispatch } from "./dispatch.ts";
import { GpuError } from "./errors.ts";
import type { Pipeline } from "./pipelines.ts";
import type { Operation } from "./recording.ts";
import type { Storage } from "./storage.ts";

/** A real range of memory that takes the place of a logical storage. */
export interface Place {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** An operation with nothing left to look up: what a replay sends to the driver. */
export type Command =
  | {
      readonly kind: "dispatch";
      readonly pipeline: GPUComputePipeline;
      readonly groups: readonly GPUBindGroup[];
      readonly workgroups: readonly [number, number, number];
      readonly indirect?: Place;
    }
  | {
      readonly kind: "copy";
      readonly from: GPUBuffer;
      readonly fromOffset: number;
      readonly to: GPUBuffer;
      readonly toOffset: number;
      readonly bytes: number;
    };

/** Uniform bindings start at multiples of this, the default `minUniformBufferOffsetAlignment`. */
export const uniformAlignment = 256;

/** The scalars of all uniforms of `operations` in one block of memory, and where each begins; equal ones share. */
export function packUniforms(operations: readonly Operation[]): {
  memory: Uint8Array<ArrayBuffer>;
  offsets: Map<Uint8Array, number>;
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

/** Turns a dispatch into a command, its bind groups made by `bindGroup`. Throws where a written buffer is used twice. */
export function lowerDispatch(
  dispatch: Dispatch,
  pipeline: Pipeline,
  resolve: (storage: Storage) => Place,
  uniform: { readonly buffer: GPUBuffer; readonly offsets: ReadonlyMap<Uint8Array, number> },
  bindGroup: (layout: GPUBindGroupLayout, entries: GPUBindGroupEntry[]) => GPUBindGroup,
): Command {
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
  const groups = pipeline.layouts.map((layout, group) => {
    const entries: GPUBindGroupEntry[] = [];
    for (const binding of dispatch.bindings) {
      if (binding.group === group) entries.push({ binding: binding.binding, resource: rangeOf(binding, resolve) });
    }
    for (const { group: owner, binding, bytes } of dispatch.uniforms) {
      if (owner !== group) continue;
      const offset = uniform.offsets.get(bytes) ?? 0;
      entries.push({ binding, resource: { buffer: uniform.buffer, offset, size: bytes.byteLength } });
    }
    return bindGroup(layout, entries);
  });
  const command = { kind: "dispatch", pipeline: pipeline.pipeline, groups, workgroups: dispatch.workgroups } as const;
  if (!dispatch.indirect) return command;
  const { buffer, offset } = resolve(dispatch.indirect.storage);
  return { ...command, indirect: { buffer, offset: offset + dispatch.indirect.offset } };
}

function rangeOf(binding: Binding, resolve: (storage: Storage) => Place): GPUBufferBinding {
  const place = resolve(binding.storage);
  const offset = place.offset + binding.offset;
  if (offset % uniformAlignment !== 0) {
    throw new GpuError(`${binding.name} begins at byte ${offset} of its buffer, which is not a multiple of 256`);
  }
  return { buffer: place.buffer, offset, size: Math.ceil(binding.bytes / 4) * 4 };
}

/** Encodes commands, all dispatches between two copies in one compute pass; `timestamps` says what pass i writes. */
export function encodeCommands(
  encoder: GPUCommandEncoder,
  commands: readonly Command[],
  timestamps?: (pass: number) => GPUComputePassTimestampWrites | undefined,
): void {
  let passes = 0;
  let pass: GPUComputePassEncoder | undefined;
  let bound: GPUComputePipeline | undefined;
  const boundGroups: (GPUBindGroup | undefined)[] = [];
  for (const command of commands) {
    if (command.kind === "copy") {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(command.from, command.fromOffset, command.to, command.toOffset, command.bytes);
      continue;
    }
    if (!pass) {
      const timestampWrites = timestamps?.(passes++);
      pass = encoder.beginComputePass(timestampWrites && { timestampWrites });
      bound = undefined;
      boundGroups.length = 0;
    }
    if (bound !== command.pipeline) {
      pass.setPipeline(command.pipeline);
      bound = command.pipeline;
    }
    const { groups, workgroups, indirect } = command;
    for (let group = 0; group < groups.length; group++) {
      // A group stays bound when the pipeline changes; the step's is the same throughout.
      if (boundGroups[group] === groups[group]) continue;
      boundGroups[group] = groups[group];
      pass.setBindGroup(group, groups[group]);
    }
    if (indirect) pass.dispatchWorkgroupsIndirect(indirect.buffer, indirect.offset);
    else pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
  pass?.end();
}

/** The passes that `encodeCommands` makes of these. */
export function passesOf(commands: readonly Command[]): number {
  return commands.filter(({ kind }, i) => kind === "dispatch" && commands[i - 1]?.kind !== "dispatch").length;
}
