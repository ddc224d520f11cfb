/** Milliseconds after a failure of WebGPU within which a device reports its loss: Firefox on a busy machine is slow. */
const lostWithin = 2000;

/**
 * Waits until a device reports its loss, but no longer than such a report may follow the failure that the loss caused.
 */
export async function untilLost(device: GPUDevice): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lostWithin);
  });
  await Promise.race([device.lost, late]);
  clearTimeout(timer);
}
