// How tests wait: for a state, or for turns of the event loop. No other file of the tests has a timer or reads a clock.

/** Milliseconds between two looks, and after which one that is waited for in vain is an error: only to end a hang. */
const [pause, patience] = [10, 240_000];

/** The real ones, where a test has timers of its own. */
const { setTimeout, setImmediate } = globalThis;

/**
 * Looks again and again until there is something other than undefined, null or false, and gives it.
 *
 * @throws the error of a look, and after four minutes one that names what was waited for.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<Exclude<T, undefined | null | false>> {
  const end = performance.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > end) throw new Error(`within ${patience / 1000} s there was no: ${what}`);
    await new Promise<void>((resolve) => setTimeout(() => resolve(), pause));
  }
}

/** Lets the event loop turn `count` times: what is ready by then has run. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(() => resolve()));
}
