import { effect } from "@preact/signals";
import { sim } from "../sim.ts";
import { device, losses } from "./device.ts";

/** Simulations of page states not caused by a missing feature, by their names in the address. */
export type Simulated = Readonly<Record<string, () => void>>;

const lost = (times: number) => () => {
  losses.value = times;
  device.value = { kind: "lost", detail: "the driver was restarted" };
};

/** Simulations common to all pages with a device. */
const ofDevice: Simulated = { lost: lost(1), "lost-again": lost(2) };

/** Simulates the state named in the address, once there is a device and the page is ready. */
export function simulate(ofPage: Simulated, ready: () => boolean = () => true): void {
  const happen = { ...ofDevice, ...ofPage }[sim ?? ""];
  if (!happen) return;
  const dispose = effect(() => {
    if (device.value.kind !== "ready" || !ready()) return;
    queueMicrotask(() => {
      dispose();
      happen();
    });
  });
}
