/** A call that is made once, however often it is asked for until then. */
export interface Deferred {
  (): void;
  cancel(): void;
}

/** While a page is hidden there are no frames: this many milliseconds pass instead. */
const hiddenEvery = 250;

/** Defers a call to the next frame; in a hidden page, whose frames do not come, to a timer. */
export function afterPaint(run: () => void): Deferred {
  let frame: number | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const cancel = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    clearTimeout(timer);
    [frame, timer] = [undefined, undefined];
  };
  const now = () => {
    cancel();
    run();
  };
  const ask = () => {
    if (timer !== undefined) return;
    frame = requestAnimationFrame(now);
    timer = setTimeout(now, hiddenEvery); // also where the page is hidden between the two
  };
  return Object.assign(ask, { cancel });
}
