import { duration, fileSize, memory } from "../format.ts";
import { type Meter, paceOf } from "./meter.ts";

/** The phase of a load with its numbers. */
export function advanceWords(meter: Meter): string {
  const { phase, phases } = meter;
  const { done, total, fromCache = 0 } = phases[phase] ?? { done: 0, total: 0 };
  if (total === 0) return "beginning";
  switch (phase) {
    case "download": {
      const pace = paceOf(meter);
      const kept = fromCache > 0 ? `, ${fileSize(fromCache)} from this browser's storage` : "";
      const rate = pace && done < total ? ` · ${fileSize(pace.rate)}/s · ${duration(pace.left)} left` : "";
      return `downloading ${fileSize(done)} of ${fileSize(total)}${kept}${rate}`;
    }
    case "verify":
      return `verifying ${fileSize(done)} of ${fileSize(total)}`;
    case "upload":
      return `uploading to the GPU: ${memory(done)} of ${memory(total)}`;
    case "compile":
    case "warm-up":
      return "compiling (slower on a first visit, or after a browser update)";
  }
}
