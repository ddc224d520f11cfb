/** Milliseconds after a failure of WebGPU in which a device says that it was lost: Firefox on a busy machine takes its time. */
const lostWithin = 2000;

/** Waits until a device says that it was lost, no longer than it may take to say so after a failure that came of it. */
export async function untilLost(device: GPUDevice): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lostWithin);
  });
  await Promise.race([device.lost, late]);
  clearTimeout(timer);
}
