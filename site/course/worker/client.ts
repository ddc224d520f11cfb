import { workerClient } from "../../shell/worker/client.ts";
import type { Calls } from "./protocol.ts";

/** The page's worker, which owns the device and runs the experiment. */
export const client = workerClient<Calls>(
  () => new Worker(new URL("./course-worker.ts", import.meta.url), { type: "module", name: "course" }),
);
