import type { BatchInput } from "../objectives/objective.ts";
import { type Kind, type Prepared, prepare, prepareUpdate, type Training } from "./programs.ts";

/** Programs that are kept, of several kinds for each shape of batches. */
const mostPrograms = 8;

/** The programs of a trainer, each recorded when it is first needed. */
export interface ProgramCache {
  /** Of batches of these shapes; for `loss`, with the means of the weights where they are wanted. */
  readonly prepared: (
    kind: Kind,
    inputs: Readonly<Record<string, BatchInput>>,
    averaged?: boolean,
  ) => Promise<Prepared>;
  /** The step that follows micro-batches. */
  readonly update: () => Promise<Prepared>;
  dispose(): void;
}

/** An empty cache. */
export function programCache(training: Training): ProgramCache {
  const programs = new Map<string, Prepared>();
  let update: Prepared | undefined;
  return {
    prepared: async (kind, inputs, averaged = false) => {
      const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} ${shape.join("×")}`);
      const key = [kind, averaged, ...shapes].join(", ");
      const known = programs.get(key);
      programs.delete(key);
      if (known) programs.set(key, known); // the one last used is the last to go
      if (known) return known;
      const [oldest] = programs;
      if (oldest && programs.size >= mostPrograms) {
        programs.delete(oldest[0]);
        oldest[1].dispose();
      }
      const replacements = averaged ? training.averages?.replacements : undefined;
      const made = await prepare(training, kind, inputs, replacements);
      programs.set(key, made);
      return made;
    },
    update: async () => {
      update ??= await prepareUpdate(training);
      return update;
    },
    dispose: () => {
      for (const prepared of programs.values()) prepared.dispose();
      programs.clear();
      update?.dispose();
      update = undefined;
    },
  };
}
