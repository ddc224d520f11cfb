// What happens when a device is lost: by a driver's reset, in a tab in the background, or because the browser's GPU
// process ended. WebGPU gives no device back; another is taken, and what was on it is made again.
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { untilLost } from "../gpu/loss.ts";
import { unlessAborted } from "../options/abort.ts";

/** Milliseconds for which an adapter is asked for again, after a loss; then it is left to the next call. */
const patience = 30_000;

/** Milliseconds before the second request for an adapter; doubled for each further one, up to the second figure. */
const [firstPause, longestPause] = [100, 4_000];

/** Devices that are taken in a row and lost before everything is on them again. */
const mostAttempts = 3;

/** How a device is replaced. */
export interface Replacing {
  /** Opens a device like the first. */
  readonly open: () => Promise<Gpu>;
  /** Makes on a new device what was on the lost one. Its errors end the attempt; a loss of `gpu` begins another. */
  readonly restore: (gpu: Gpu) => Promise<void>;
  readonly onLost: (message: string) => void;
  readonly onRestored: () => void;
  /** Milliseconds to ask for an adapter again; default 30,000. */
  readonly patience?: number | undefined;
}

/** A device that is replaced when it is lost. */
export interface KeptDevice {
  /** The device in use; it may be lost. */
  readonly gpu: Gpu;
  /** The device, once all is on it: waits while it is replaced, and replaces one that failed. Throws what ended that. */
  ready(): Promise<Gpu>;
  /**
   * Whether what failed on `gpu` may be tried again: true once it has been replaced because it was lost. Throws where no
   * other could be had.
   */
  replaced(gpu: Gpu): Promise<boolean>;
  /** Closes the device; it is not replaced any more. */
  close(): void;
}

/** Devices that were lost; those that were closed, or have failed in another way, are not among them. */
const lostDevices = new WeakSet<Gpu>();

/** True where a device was lost. */
async function isLost(gpu: Gpu): Promise<boolean> {
  // What fails because the device is lost may fail before WebGPU says so.
  if (!lostDevices.has(gpu) && !gpu.closed) await untilLost(gpu.device);
  return lostDevices.has(gpu);
}

function noteLoss(gpu: Gpu): void {
  void gpu.device.lost.then(() => {
    if (!gpu.closed) lostDevices.add(gpu);
  });
}

/** Waits; throws the reason of `signal` when it aborts. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  unlessAborted(new Promise<void>((resolve) => setTimeout(resolve, milliseconds)), signal);

const advice = () =>
  "document" in globalThis || "importScripts" in globalThis
    ? "reload the page; where that does not help, the browser"
    : "start the program again";

/** Keeps `first` in use, and replaces it when it is lost. */
export function keepDevice(first: Gpu, replacing: Replacing): KeptDevice {
  const closing = new AbortController();
  let gpu = first;
  let replacement: Promise<Gpu> | undefined;
  noteLoss(first);
  watch(first);

  function watch(one: Gpu): void {
    const begin = () => {
      if (one !== gpu || one.closed || closing.signal.aborted) return;
      void replace().catch(() => undefined); // whoever waits for it, or asks next, gets the error
    };
    if (one.gone.aborted) begin();
    else one.gone.addEventListener("abort", begin, { once: true });
  }

  /** Begins to replace the device, unless that is under way. */
  function replace(): Promise<Gpu> {
    if (replacement) return replacement;
    const { reason } = gpu.gone;
    replacing.onLost(reason instanceof Error ? reason.message : String(reason));
    replacement = anew().finally(() => {
      replacement = undefined;
    });
    void replacement.then(watch, () => undefined); // the next call asks again, where there was none
    return replacement;
  }

  async function anew(): Promise<Gpu> {
    for (let attempt = 1; ; attempt++) {
      const next = await reopen();
      noteLoss(next);
      try {
        await replacing.restore(next);
        next.assertUsable();
      } catch (error) {
        const again = attempt < mostAttempts && !closing.signal.aborted && (await isLost(next));
        next.close();
        if (again) continue;
        throw error;
      }
      gpu.close();
      gpu = next;
      replacing.onRestored();
      return next;
    }
  }

  /** A new device; there may be no adapter for a while. */
  async function reopen(): Promise<Gpu> {
    const { open, patience: most = patience } = replacing;
    const until = performance.now() + most;
    for (let wait = firstPause; ; wait = Math.min(2 * wait, longestPause)) {
      try {
        const next = await open();
        if (!closing.signal.aborted) return next;
        next.close();
      } catch (cause) {
        if (performance.now() + wait > until) {
          const reason = cause instanceof Error ? cause.message : String(cause);
          const seconds = Math.round(most / 1000);
          throw new GpuError(
            `the device was lost, and no other could be had within ${seconds} s: ${advice()} (${reason})`,
            { cause },
          );
        }
      }
      await pause(wait, closing.signal);
    }
  }

  async function ready(): Promise<Gpu> {
    closing.signal.throwIfAborted();
    if (replacement) return await replacement;
    return gpu.gone.aborted ? await replace() : gpu;
  }

  return {
    get gpu() {
      return gpu;
    },
    ready,
    async replaced(failed) {
      if (closing.signal.aborted || !(await isLost(failed))) return false;
      await ready();
      return true;
    },
    close() {
      closing.abort(new GpuError(`${gpu.adapter.label}: this device was closed`));
      gpu.close();
    },
  };
}

/** Times in a row that work is begun, and lost without having come further. */
const mostLosses = 3;

/** Runs `work` on the device, and again on the next one where it was lost meanwhile. */
export async function onDevice<T>(kept: KeptDevice, work: (gpu: Gpu) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const gpu = await kept.ready();
    try {
      return await work(gpu);
    } catch (error) {
      if (!(error instanceof GpuError) || attempt === mostLosses || !(await kept.replaced(gpu))) throw error;
    }
  }
}

/**
 * What a generation gives, over losses of the device. `begin` begins it on the device that there is then, after the
 * tokens that it has given so far.
 */
export async function* overLosses<P extends { readonly token?: number | undefined }, R>(
  kept: KeptDevice,
  begin: (generated: readonly number[]) => AsyncGenerator<P, R, undefined>,
): AsyncGenerator<P, R, undefined> {
  const generated: number[] = [];
  for (let losses = 0; ; ) {
    const gpu = await kept.ready();
    const before = generated.length;
    try {
      const pieces = begin([...generated]);
      for (let step = await pieces.next(); ; step = await pieces.next()) {
        if (step.done) return step.value;
        if (step.value.token !== undefined) generated.push(step.value.token);
        let taken = false;
        try {
          yield step.value;
          taken = true;
        } finally {
          if (!taken) await pieces.return(undefined as R); // the reader has left
        }
      }
    } catch (error) {
      losses = generated.length > before ? 1 : losses + 1;
      if (!(error instanceof GpuError) || losses === mostLosses || !(await kept.replaced(gpu))) throw error;
    }
  }
}
