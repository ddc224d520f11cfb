/** A real range of memory for a logical storage. */
export interface Place {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  /** Bytes from the offset on, where they may be fewer than recorded. */
  readonly bytes?: number;
}

/** An operation with everything resolved, as a replay sends it to the driver. */
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

/** Encodes commands, all dispatches between two copies in one compute pass; `timestamps` gives what pass i writes. */
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
      // A group stays bound when the pipeline changes; the step's group is the same throughout.
      if (boundGroups[group] === groups[group]) continue;
      boundGroups[group] = groups[group];
      pass.setBindGroup(group, groups[group]);
    }
    if (indirect) pass.dispatchWorkgroupsIndirect(indirect.buffer, indirect.offset);
    else pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
  pass?.end();
}
