import { useEffect, useState } from "preact/hooks";
import { count } from "../../shell/format.ts";
import { doing, history, settings } from "../state.ts";
import { waitingWords } from "./waiting-words.ts";

/** The activity before the first step has ended, with the seconds so far. */
export function Waiting() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const start = performance.now();
    const timer = setInterval(() => setSeconds(Math.round((performance.now() - start) / 1000)), 1000);
    return () => clearInterval(timer);
  }, []);
  if (doing.value === undefined) return null;
  const words = waitingWords(doing.value, history.value.steps.length, settings.value.steps);
  return (
    <>
      {words}
      <span aria-hidden="true"> · {count(seconds)} s</span>
    </>
  );
}
