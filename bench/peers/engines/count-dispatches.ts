import type { Prepared } from "./engine.ts";

/**
 * The same, with the dispatches of its first run: those that the page records meanwhile, whoever records them, since engines
 * write commands by one interface. Later runs are as they were. There is no number where the interface is not the page's, as
 * in Node.
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
