// Code that runs in the page: it measures when keys were pressed, and when their answers were drawn.

/** The answer to a key press, in milliseconds since the press. */
export interface Press {
  /** Until the answer's elements exist. */
  readonly answeredMs: number;
  /** Until the page has been drawn with them. */
  readonly drawnMs: number;
  /** The time that the page reports for the query's vector and the nearest passages. */
  readonly searchMs: number;
}

interface Probe {
  expected: ((press: Press) => void) | undefined;
  answer: Promise<Press> | undefined;
}

/** Makes the page record its key presses and answers; for `evaluate`, so it uses nothing from outside. */
export function watchPresses(): void {
  const probe: Probe = { expected: undefined, answer: undefined };
  Object.assign(globalThis, { searchProbe: probe });
  let last = 0;
  // The event's time is when the browser received the key, before the page was free to handle it.
  addEventListener("keydown", ({ timeStamp }) => (last = timeStamp), { capture: true });
  const field = document.querySelector<HTMLInputElement>("#query");
  const results = document.querySelector("#results");
  if (!field || !results) throw new Error("this is not the search page");
  const look = () => {
    const { expected } = probe;
    if (!expected || document.querySelector("#results h2")?.textContent !== `“${field.value.trim()}”`) return;
    if (!document.querySelector("#results li")) return;
    probe.expected = undefined;
    const answeredMs = performance.now() - last;
    const [, said] = /in ([\d.\u2009]+) ms/.exec(document.querySelector("#timing")?.textContent ?? "") ?? [];
    const searchMs = Number(said?.replace("\u2009", ""));
    // The task after the frame: by then the page's part of drawing is done.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      expected({ answeredMs, drawnMs: performance.now() - last, searchMs });
    };
    requestAnimationFrame(() => port2.postMessage(undefined));
  };
  new MutationObserver(look).observe(results, { subtree: true, childList: true, characterData: true });
}

/** Starts waiting for the answer to the next key press; for `evaluate`. */
export function expectAnswer(): void {
  const { searchProbe: probe } = globalThis as unknown as { searchProbe: Probe };
  probe.answer = new Promise((resolve) => {
    probe.expected = resolve;
  });
}

/** The awaited answer, or undefined once `patienceMs` have passed; for `evaluate`. */
export async function awaitAnswer(patienceMs: number): Promise<Press | undefined> {
  const { searchProbe: probe } = globalThis as unknown as { searchProbe: Probe };
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), patienceMs);
  });
  return await Promise.race([probe.answer, late]);
}
