import type { Prepared } from "./engine.ts";

/**
 * The same, with the number of dispatches of its first run: all that the page records meanwhile, since all engines use
 * the same WebGPU interface. Later runs are unchanged. Without that interface, as in Node, there is no number.
 */
export function withDispatches({ variant, run, settle, read, dispose }: Prepared): Prepared {
  let isFirst = true;
  let dispatches: number | undefined;
  return {
    variant,
    settle,
    read,
    dispose,
    run: async () => {
      if (!isFirst) return await run();
      isFirst = false;
      dispatches = await counted(async () => await run());
    },
    get dispatches() {
      return dispatches;
    },
  };
}

async function counted(run: () => Promise<void>): Promise<number | undefined> {
  const page = globalThis as { readonly GPUComputePassEncoder?: { readonly prototype: GPUComputePassEncoder } };
  const pass = page.GPUComputePassEncoder?.prototype;
  if (!pass) {
    await run();
    return undefined;
  }
  const { dispatchWorkgroups, dispatchWorkgroupsIndirect } = pass;
  let count = 0;
  pass.dispatchWorkgroups = function (...sizes) {
    count++;
    return dispatchWorkgroups.apply(this, sizes);
  };
  pass.dispatchWorkgroupsIndirect = function (...from) {
    count++;
    return dispatchWorkgroupsIndirect.apply(this, from);
  };
  try {
    await run();
  } finally {
    Object.assign(pass, { dispatchWorkgroups, dispatchWorkgroupsIndirect });
  }
  return count;
}
