import { empty, type LanguageModel, placed, readVectors, Tensor } from "../../src/index.ts";

/** The time to read a step's weights once. */
export interface Floor {
  /** Bytes read. */
  readonly bytes: number;
  /** Nanoseconds of one reading, the mean of a few. */
  measure(): Promise<number>;
  close(): void;
}

const readings = 4;

/**
 * A program that reads all matrices of a model once, in memory order, 16 bytes at a time, and does nothing with them:
 * no decode step can be faster, unless its weights stay in a cache. An untied embedding table is left out: a step reads
 * one row of it.
 */
export async function floorOf({ gpu, decoder: { weights } }: LanguageModel): Promise<Floor> {
  const matrices = new Map<Tensor["storage"], number>();
  const add = (value: unknown): void => {
    if (value instanceof Tensor) {
      if (value.shape.length < 2) return;
      for (const { storage, planes } of value.segments) {
        for (const one of [storage, ...Object.values(planes ?? {})]) matrices.set(one, one.bytes);
      }
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(add);
  };
  const { blocks, head } = weights;
  add([blocks, head]);
  const lanes = gpu.adapter.software ? 1 : 64;
  const program = gpu.record(() => {
    let last = empty(gpu, [1], "u32");
    for (const [storage, bytes] of matrices) {
      const n = Math.floor(bytes / 16);
      const x = new Tensor(gpu, [n, 4], "u32", [{ storage, begin: 0, end: n }]);
      last = readVectors(gpu, { x }, { lanes }).y;
    }
    return last;
  });
  const instance = await program.instantiate();
  /** Nanoseconds per reading, averaged over several, so that waiting for them counts little. */
  const measure = async () => {
    const start = performance.now();
    for (let i = 0; i < readings; i++) instance.run();
    await placed(instance, program.result).readStored(); // waits for them
    return ((performance.now() - start) * 1e6) / readings;
  };
  await measure();
  return {
    bytes: [...matrices.values()].reduce((sum, bytes) => sum + bytes, 0),
    measure,
    close() {
      instance.dispose();
      program.dispose();
    },
  };
}
