// The page of reports.test.ts: results that are read back one after the other.
import { increment, openGpu, upload } from "../../src/index.ts";

Object.assign(globalThis, {
  /** Milliseconds of `count` additions of 1 to a number, each read back before the next, and what the number is then. */
  async readBacks(count: number): Promise<{ ms: number; last: number }> {
    const gpu = await openGpu();
    using number = upload(gpu, [1], "u32", new Uint32Array(1), "number");
    let last = 0;
    const once = async () => {
      increment(gpu, { count: number });
      [last = 0] = await number.read();
    };
    await once(); // compiles
    const begun = performance.now();
    for (let i = 0; i < count; i++) await once();
    const ms = performance.now() - begun;
    gpu.close();
    return { ms, last };
  },
});
