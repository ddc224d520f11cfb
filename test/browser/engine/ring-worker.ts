// One device of a ring, in a worker.
import { openGpu, type RingPort, serveRing } from "../../../src/index.ts";

serveRing(openGpu({ features: [] }), globalThis as unknown as RingPort);
