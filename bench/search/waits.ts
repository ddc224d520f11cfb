/** How long a result that is ready at once takes to be read back, in milliseconds. */
export interface Waits {
  /** Without submits meanwhile. */
  readonly asIs: readonly number[];
  /** With an empty submit every millisecond. */
  readonly submitting: readonly number[];
}

/**
 * Milliseconds from submitting a copy of four bytes until its result is mapped, measured this many times at irregular
 * moments; for `evaluate`, so it uses nothing from outside. It uses only WebGPU, none of this project's code.
 */
export async function measureWaits(times: number): Promise<Waits> {
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error("there is no adapter");
  const device = await adapter.requestDevice();
  const number = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_SRC });
  const staging = device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const once = async (submitting: boolean) => {
    await pause(50 + 200 * Math.random());
    const begun = performance.now();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(number, 0, staging, 0, 4);
    device.queue.submit([encoder.finish()]);
    let isThere = false;
    const mapped = staging.mapAsync(GPUMapMode.READ).then(() => {
      isThere = true;
    });
    for (; submitting && !isThere; await pause(1)) device.queue.submit([]);
    await mapped;
    const ms = performance.now() - begun;
    staging.unmap();
    return ms;
  };
  const [asIs, submitting]: [number[], number[]] = [[], []];
  for (let i = 0; i < times; i++) {
    asIs.push(await once(false));
    submitting.push(await once(true));
  }
  device.destroy();
  return { asIs, submitting };
}
