// Calls of public functions that take numbers, texts and lists, and no objects of options.
import type { Gpu, LanguageModel } from "../../../../src/index.ts";
import * as library from "../../../../src/index.ts";
import { made, type PublicCalls } from "./calls.ts";

/** The calls by the names of functions, and of methods. */
export function argumentCalls(gpu: Gpu, model: LanguageModel): Readonly<Record<string, PublicCalls>> {
  const { zeros, call, plain } = made(gpu);
  const m4 = zeros([4, 4]);
  const method = (on: object, of: unknown, ...calls: PublicCalls["calls"]): PublicCalls => ({ of, on, calls });
  const cache = library.createCache(gpu, { layers: 1, batch: 1, kvHeads: 1, capacity: 64, headWidth: 4 });
  return {
    sequenceOffsets: call(library.sequenceOffsets, [[1, 2]]),
    alibiSlopes: plain(library.alibiSlopes, [4]),
    decode: plain(library.decode, ["f32", new Float32Array(1)]),
    encode: plain(library.encode, ["f32", [1]]),
    empty: call(library.empty, [[4], "f32", "one"]),
    zeros: call(library.zeros, [[4], "f32", "one"]),
    placeholder: call(library.placeholder, [[4], "f32", "one"]),
    tensor: call(library.tensor, [[2], [1, 2], "f32"]),
    upload: call(library.upload, [[2], "f32", new Float32Array(2), "one"]),
    uploadPlanes: call(library.uploadPlanes, [[2], "f32", { data: new Float32Array(2) }, "one"]),
    replacements: plain(library.replacements, [[[m4, m4]]]),
    reshape: plain(library.reshape, [m4, [16]]),
    slice: plain(library.slice, [m4, 0, 0, 2]),
    transpose: plain(library.transpose, [m4, [1, 0]]),
    multiplyAddResult: plain(library.multiplyAddResult, [1, 1]),
    workgroupMemoryResult: plain(library.workgroupMemoryResult, [1, 1]),
    cacheRow: plain(library.cacheRow, [cache, 0]),
    openFolder: { ...plain(library.openFolder, ["no folder"]), runs: true },
    aiSdkModel: plain(library.aiSdkModel, [{ chat: { completions: {} } }, "voices"]),
    "LanguageModel.session": { ...method(model, model.session, [1]), runs: true },
    "LanguageModel.checkMemory": { ...method(model, model.checkMemory, [1]), runs: true },
    "LanguageModel.score": { ...method(model, model.score, ["a"]), runs: true },
  };
}
