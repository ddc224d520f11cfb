import { createRopeTables, type Decoder, forward, logits } from "../../models/decoder.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { packedInputs, positionsIn } from "../packed-rows.ts";
import { routersOf } from "../trainer/routing.ts";
import { decoderLoss } from "./decoder-loss.ts";
import type { Objective } from "./objective.ts";
import { given } from "./tensors.ts";
import { checkBatch, type TokenBatch, targetsIn } from "./token-batches.ts";

/** Next-token prediction: a decoder learns what follows each token of a batch. */
export function decoderObjective(decoder: Decoder): Objective<TokenBatch> {
  const { gpu, config } = decoder;
  return {
    gpu,
    model: config,
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
      const { all, local } = createRopeTables(decoder, ids?.shape[1] ?? 0) ?? {};
      return { ...(all && { rope: all }), ...(local && { localRope: local }) };
    },
    logits: (tensors) => {
      const { ids, ropeTables, packed } = named(tensors);
      const [b = 0, t = 0] = ids.shape;
      const inside = packed ? packedInputs(gpu, packed) : {};
      const stream = forward(decoder, { ids, batch: b, ropeTables, place: { start: 0 }, visible: t, ...inside });
      return logits(decoder, stream, "all");
    },
    loss: (tensors, settings) => {
      const { targets, ropeTables, ...batch } = named(tensors);
      return decoderLoss(decoder, { ...batch, targets }, { ...settings, ropeTables });
    },
  };
}

/** Tensors of a program as a decoder takes them. */
function named(tensors: Readonly<Record<string, Tensor>>) {
  const { documents, positions, rope, localRope } = tensors;
  const packed = documents && positions ? { documents, positions } : undefined;
  const ropeTables = rope && { all: rope, ...(localRope && { local: localRope }) };
  return { ids: given(tensors, "ids"), targets: given(tensors, "targets"), packed, ropeTables };
}
