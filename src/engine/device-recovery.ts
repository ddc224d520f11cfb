// Recovery from device loss: after a driver reset, in a background tab, or because the browser's GPU process ended.
// WebGPU does not restore a device; another one is opened, and its contents are recreated.

import { untilLost } from "../gpu/device/loss.ts";
import { GpuError } from "../gpu/errors.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { unlessAborted } from "../options/abort.ts";

/** Milliseconds of requests for a new adapter after a loss; after that the next call tries again. */
const patience = 30_000;

/** Milliseconds before the second request for an adapter, doubled each time up to the second figure. */
const [firstPause, longestPause] = [100, 4_000];

/** Maximum successive devices that are lost before recovery is complete. */
const maxAttempts = 3;

/** How to replace a device. */
export interface Replacing {
  /** Opens a device like the first. */
  readonly open: () => Promise<Gpu>;
  /**
   * Recreates the contents of the lost device on a new one. Its errors end the attempt; a loss of `gpu` starts another.
   */
  readonly restore: (gpu: Gpu) => Promise<void>;
  readonly onLost: (message: string) => void;
  readonly onRestored: () => void;
  /** Milliseconds to keep requesting an adapter; default 30,000. */
  readonly patience?: number | undefined;
}

/** A device that is replaced after a loss. */
export interface KeptDevice {
  /** The device in use; it may be lost. */
  readonly gpu: Gpu;
  /**
   * The device with all its contents: waits during a replacement, and retries a failed one. Throws the replacement's
   * error.
   */
  ready(): Promise<Gpu>;
  /**
   * Whether work that failed on `gpu` can be retried: true once the lost device has been replaced. Throws if that
   * failed.
   */
  replaced(gpu: Gpu): Promise<boolean>;
  /** Closes the device for good. */
  close(): void;
}

/** Lost devices, without closed ones and those that failed otherwise. */
const lostDevices = new WeakSet<Gpu>();

/** True if a device was lost. */
async function isLost(gpu: Gpu): Promise<boolean> {
  // Work may fail before WebGPU reports the loss of its device.
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
      void replace().catch(() => undefined); // those who wait, and the next call, get the error
    };
    if (one.gone.aborted) begin();
    else one.gone.addEventListener("abort", begin, { once: true });
  }

  /** Starts to replace the device, unless that is under way. */
  function replace(): Promise<Gpu> {
    if (replacement) return replacement;
    const { reason } = gpu.gone;
    replacing.onLost(reason instanceof Error ? reason.message : String(reason));
    replacement = anew().finally(() => {
      replacement = undefined;
    });
    void replacement.then(watch, () => undefined); // the next call tries again if it failed
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
        const again = attempt < maxAttempts && !closing.signal.aborted && (await isLost(next));
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

  /** A new device; there may be no adapter at first. */
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

/** Maximum restarts in a row without progress. */
const maxLosses = 3;

/** Runs `work` on the device, and again on the next one if it was lost meanwhile. */
export async function onDevice<T>(kept: KeptDevice, work: (gpu: Gpu) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const gpu = await kept.ready();
    try {
      return await work(gpu);
    } catch (error) {
      if (!(error instanceof GpuError) || attempt === maxLosses || !(await kept.replaced(gpu))) throw error;
    }
  }
}

/**
 * The pieces of a generation, across device losses. `begin` starts it on the current device, after the tokens generated
 * so far.
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
          if (!taken) await pieces.return(undefined as R); // the reader has stopped
        }
      }
    } catch (error) {
      losses = generated.length > before ? 1 : losses + 1;
      if (!(error instanceof GpuError) || losses === maxLosses || !(await kept.replaced(gpu))) throw error;
    }
  }
}
