import { workerClient } from "../../shell/worker/client.ts";
import type { Calls } from "./protocol.ts";

/** The page's worker, which has the device and the model. */
export const client = workerClient<Calls>(
  () => new Worker(new URL("./train-worker.ts", import.meta.url), { type: "module", name: "train" }),
);
