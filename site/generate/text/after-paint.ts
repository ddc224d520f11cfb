/** A deferred call, made once for any number of requests. */
export interface Deferred {
  (): void;
  cancel(): void;
}

/** Milliseconds instead of a frame while the page is hidden, without frames. */
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
    timer = setTimeout(now, hiddenEvery); // also if the page becomes hidden in between
  };
  return Object.assign(ask, { cancel });
}
