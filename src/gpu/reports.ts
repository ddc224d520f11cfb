// Firefox learns that the GPU has finished when something is submitted, else by a look every 100 ms. So while something is
// awaited there, empty submits follow one another: a result that is read back then comes after about 2 ms, not 50.

/** Milliseconds between two looks, at first and at most. */
const [first, longest] = [1, 16];

const looksRarely = /Firefox\//.test(globalThis.navigator?.userAgent ?? "");

/** What a device's queue has to report: that a buffer is mapped, that submitted work is done. */
export class Reports {
  readonly #device: GPUDevice;
  #awaited = 0;
  #pause = first;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** The same report, once it is there, with the browser made to look for it. */
  soon<T>(report: Promise<T>): Promise<T> {
    if (!looksRarely) return report;
    this.#awaited++;
    this.#lookAfter(first);
    return report.finally(() => this.#awaited--);
  }

  #lookAfter(pause: number): void {
    clearTimeout(this.#timer);
    this.#pause = pause;
    this.#timer = setTimeout(() => {
      if (this.#awaited === 0) return;
      this.#device.queue.submit([]);
      this.#lookAfter(Math.min(longest, 1.5 * this.#pause));
    }, pause);
  }
}
