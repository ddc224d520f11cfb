import { workerClient } from "../../shell/worker/client.ts";
import type { Calls } from "./protocol.ts";

/** The page's worker, which owns the device and the model. */
export const client = workerClient<Calls>(
  () => new Worker(new URL("./train-worker.ts", import.meta.url), { type: "module", name: "train" }),
);
