import { sim } from "../../shell/sim.ts";

let held: { readonly task: string; readonly release: () => void } | undefined;

/** Locks the task for this tab, which writes its save from now on; false if another tab has it. */
export function holdTask(task: string): Promise<boolean> {
  if (sim === "other-tab") return Promise.resolve(false);
  if (held?.task === task || !navigator.locks) return Promise.resolve(true);
  held?.release();
  held = undefined;
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`shaderformer-train-${task}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        return new Promise<void>((release) => {
          held = { task, release };
        });
      })
      .catch(reject);
  });
}
