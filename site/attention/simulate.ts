import { effect } from "@preact/signals";
import { device, losses } from "../shell/device/device.ts";
import { sim } from "../shell/sim.ts";
import { show, shown } from "./results/results.ts";
import { killedAt, refused, run, take } from "./run/run.ts";

/** Simulations of states not caused by a missing feature; the others are made where the device is opened. */
const simulated: Readonly<Record<string, () => void>> = {
  lost: () => {
    run.value = { ...run.value, kind: "running" };
    take({ kind: "lost", detail: "the driver was restarted" });
  },
  "lost-again": () => {
    losses.value = 1;
    take({ kind: "lost", detail: "the driver was restarted" });
  },
  compiling: () => {
    const [startedAt, seconds] = [performance.now() - 9000, 30];
    run.value = { ...run.value, kind: "running", startedAt, seconds };
    take({ kind: "progress", what: "q256 causal 8x64 f32: rows", done: 1, total: 3 });
  },
  "out-of-memory": () => {
    run.value = { ...run.value, kind: "running" };
    take({ kind: "failed", message: "keys: 4294967296 bytes could not be allocated" });
  },
  "tab-killed": () => {
    killedAt.value = "q4k causal 8x64 f32: flash";
  },
  "hidden-tab": () => {
    show({ ...shown.value, hidden: new Set(shown.value.rows.slice(-4).map(({ id }) => id)) });
  },
  "two-tabs": () => {
    refused.value = true;
  },
};

/** Simulates the state named in the address, once there is a device. */
export function simulate(): void {
  const happen = simulated[sim ?? ""];
  if (!happen) return;
  const dispose = effect(() => {
    if (device.value.kind !== "ready") return;
    queueMicrotask(() => {
      dispose();
      happen();
    });
  });
}
