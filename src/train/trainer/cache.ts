import type { BatchInput } from "../objectives/objective.ts";
import { type Kind, type Prepared, prepare, prepareUpdate, type Training } from "./programs.ts";

/** Maximum number of programs kept, of several kinds for each shape of batches. */
const maxPrograms = 8;

/** The programs of a trainer, each recorded when first needed. */
export interface ProgramCache {
  /** For batches of these shapes; `loss` optionally with the means of the weights. */
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
      if (known) programs.set(key, known); // the most recently used is dropped last
      if (known) return known;
      const [oldest] = programs;
      if (oldest && programs.size >= maxPrograms) {
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
