// The worker of the page: finds a device, tests it, and serves the engine.

import { serveEngine } from "../../../src/engine/port/serve-engine.ts";
import { openDevice, optionsOf } from "../../shell/device/open.ts";
import type { Begin, Found } from "./protocol.ts";

addEventListener(
  "message",
  async ({ data: { sim, port } }: MessageEvent<Begin>) => {
    const answer = (found: Found) => postMessage(found);
    const opened = await openDevice(sim);
    if ("missing" in opened) return answer({ kind: "missing", ...opened });
    opened.gpu.close(); // the engine opens its own, and reopens it after a loss
    serveEngine(port);
    answer({ kind: "opened", facts: opened.facts, gpu: optionsOf(sim, opened.facts) });
  },
  { once: true },
);
