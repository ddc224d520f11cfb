import { createRopeTables, type Decoder } from "../../models/decoder.ts";
import { positionsIn } from "../packed-rows.ts";
import { routersOf } from "../trainer/routing.ts";
import { decoderLoss } from "./decoder-loss.ts";
import type { Objective } from "./objective.ts";
import { checkBatch, type TokenBatch, targetsIn } from "./token-batches.ts";

/** Cosines and sines are made for as many positions at least, where the model has them. */
const leastPositions = 64;

/** Next-token prediction: a decoder learns what follows each token of a batch. */
export function decoderObjective(decoder: Decoder): Objective<TokenBatch> {
  const { gpu, config } = decoder;
  return {
    gpu,
    routers: routersOf(decoder),
    check: (argument, batch) => checkBatch(argument, batch, config),
    targetsIn,
    inputs: ({ ids, targets, documents }) => {
      const shape = [ids.length, ids[0]?.length ?? 0];
      const tokens = {
        ids: { shape, dtype: "u32", values: Uint32Array.from(ids.flat()) },
        targets: { shape, dtype: "i32", values: Int32Array.from(targets.flat()) },
      } as const;
      if (!documents) return tokens;
      return {
        ...tokens,
        documents: { shape, dtype: "u32", values: Uint32Array.from(documents.flat()) },
        positions: { shape, dtype: "u32", values: Uint32Array.from(documents.flatMap(positionsIn)) },
      };
    },
    inputsFor: ({ batch, context }) => {
      const shape = [batch, context];
      return { ids: { shape, dtype: "u32" }, targets: { shape, dtype: "i32" } };
    },
    constants: ({ ids }) => {
      const positions = Math.max(ids?.shape[1] ?? 0, Math.min(config.context, leastPositions));
      const { all, local } = createRopeTables(decoder, positions) ?? {};
      return { ...(all && { rope: all }), ...(local && { localRope: local }) };
    },
    loss: ({ ids, targets, documents, positions, rope, localRope }, settings) => {
      if (!ids || !targets) throw new TypeError("a decoder's loss takes ids and targets");
      const packed = documents && positions ? { documents, positions } : undefined;
      const ropeTables = rope && { all: rope, ...(localRope && { local: localRope }) };
      return decoderLoss(decoder, { ids, targets, packed }, { ...settings, ropeTables });
    },
  };
}
