import { createRopeTables, type RopeTables } from "../../models/decoder.ts";
import type { TokenBatch } from "./batches.ts";
import { type Kind, type Prepared, prepare, prepareUpdate, type Training } from "./programs.ts";

/** Programs that are kept, of several kinds for each shape of batches. */
const mostPrograms = 8;

/** The programs of a trainer, each recorded when it is first needed. */
export interface ProgramCache {
  /** Of batches of this shape; for `loss`, with the means of the weights where they are wanted. */
  readonly prepared: (kind: Kind, batch: TokenBatch, averaged?: boolean) => Promise<Prepared>;
  /** The step that follows micro-batches. */
  readonly update: () => Promise<Prepared>;
  dispose(): void;
}

/** An empty cache. */
export function programCache(training: Training): ProgramCache {
  const { gpu, config } = training.decoder;
  const programs = new Map<string, Prepared>();
  let update: Prepared | undefined;
  let rope: { readonly positions: number; readonly tables: RopeTables | undefined } | undefined;

  const clear = () => {
    for (const prepared of programs.values()) prepared.dispose();
    programs.clear();
    for (const table of [rope?.tables?.all, rope?.tables?.local]) table?.dispose();
    rope = undefined;
  };
  /** Cosines and sines for so many positions; programs of shorter batches keep what they were recorded with. */
  const tablesFor = (positions: number): RopeTables | undefined => {
    const wanted = Math.max(positions, Math.min(config.context, 64));
    if (rope && rope.positions >= positions) return rope.tables;
    clear(); // programs of earlier shapes still read the tables that they were recorded with
    const tables = gpu.unscoped(() => createRopeTables(training.decoder, wanted));
    rope = { positions: wanted, tables };
    return tables;
  };

  return {
    prepared: async (kind, { ids, documents }, averaged = false) => {
      const [batch, context] = [ids.length, ids[0]?.length ?? 0];
      const packed = documents !== undefined;
      const key = `${kind} ${averaged} ${batch}×${context} ${packed}`;
      const known = programs.get(key);
      programs.delete(key);
      if (known) programs.set(key, known); // the one last used is the last to go
      if (known) return known;
      const [oldest] = programs;
      if (oldest && programs.size >= mostPrograms) {
        programs.delete(oldest[0]);
        oldest[1].dispose();
      }
      const tables = tablesFor(context);
      const replacements = averaged ? training.averages?.replacements : undefined;
      const made = await prepare(training, kind, { batch, context, packed }, tables, replacements);
      programs.set(key, made);
      return made;
    },
    update: async () => {
      update ??= await prepareUpdate(training);
      return update;
    },
    dispose: () => {
      clear();
      update?.dispose();
      update = undefined;
    },
  };
}
