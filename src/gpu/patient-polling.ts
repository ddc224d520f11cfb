// Dawn in Node polls the device in a chain of setImmediate callbacks for as long as something is awaited. That keeps
// one core busy waiting: one of the cores that a software adapter computes on.

/** Polls made without pause, for work that finishes at once; about 0.2 ms. */
const eager = 100;

/** Milliseconds between two polls after those: the shortest that setTimeout can wait. */
const pause = 1;

let patient = false;

/** Dawn's callbacks are functions without source, name and arguments; JavaScript's have at least one of these. */
const isQuestion = (callback: (...given: unknown[]) => void, given: readonly unknown[]): boolean =>
  given.length === 0 && callback.name === "" && Function.prototype.toString.call(callback).includes("[native code]");

/**
 * Makes Dawn poll less often: a while without pause, then once a millisecond. Other callers of setImmediate are not
 * affected. Dawn looks the function up by name each time, and has no setting for this.
 */
export function pollPatiently(): void {
  if (patient) return;
  patient = true;
  const { setImmediate } = globalThis;
  let [asked, last] = [0, 0];
  const replacement = (callback: (...given: unknown[]) => void, ...given: unknown[]) => {
    if (!isQuestion(callback, given)) return setImmediate(callback, ...given);
    const now = performance.now();
    asked = now - last > 2 * pause ? 1 : asked + 1; // after a pause something new is awaited
    last = now;
    return asked <= eager ? setImmediate(callback) : setTimeout(callback, pause);
  };
  globalThis.setImmediate = Object.assign(replacement, setImmediate) as typeof setImmediate;
}
