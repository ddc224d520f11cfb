// The page of reports.test.ts: results that are read back one after the other.
import { increment, openGpu, upload } from "../../../src/index.ts";

Object.assign(globalThis, {
  /**
   * Adds 1 to a number `count` times, each sum read back before the next: the last one, and the empty submits
   * meanwhile.
   */
  async readBacks(count: number): Promise<{ looks: number; last: number }> {
    let looks = 0;
    const submit = GPUQueue.prototype.submit;
    GPUQueue.prototype.submit = function (buffers) {
      if ([...buffers].length === 0) looks++;
      return submit.call(this, buffers);
    };
    const gpu = await openGpu();
    using number = upload(gpu, [1], "u32", new Uint32Array(1), "number");
    let last = 0;
    const once = async () => {
      increment(gpu, { count: number });
      [last = 0] = await number.read();
    };
    await once(); // compiles
    looks = 0;
    for (let i = 0; i < count; i++) await once();
    gpu.close();
    return { looks, last };
  },
});
