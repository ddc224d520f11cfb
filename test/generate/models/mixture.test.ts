import { afterAll, describe, expect, test } from "vitest";
import { isMixture } from "../../../src/blocks/mixture.ts";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import { encode } from "../../../src/tensor/dtype.ts";
import { bundledMixture } from "../../support/bundled.ts";

const gpu = await openGpu();
const model = await loadModel(gpu, bundledMixture);
afterAll(() => {
  model.dispose();
  gpu.close();
});
const ids = Array.from({ length: 128 }, (_, i) => 2 + ((i * 37) % 2000));

describe("between the router and the sum nothing leaves the GPU", () => {
  /** Submits and maps while `work` is done. */
  async function counted(work: () => Promise<void>): Promise<{ submits: number; maps: number }> {
    const proto = Object.getPrototypeOf(
      gpu.device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST }),
    ) as GPUBuffer;
    const mapAsync = proto.mapAsync;
    const before = gpu.submits;
    let maps = 0;
    proto.mapAsync = function (this: GPUBuffer, ...args: Parameters<typeof mapAsync>) {
      maps++;
      return mapAsync.apply(this, args);
    };
    try {
      await work();
    } finally {
      proto.mapAsync = mapAsync;
    }
    return { submits: gpu.submits - before, maps };
  }

  test("a prefill of 128 tokens is one submit and no map", async () => {
    using session = model.session();
    const { state } = session;
    // Compiles, and does not compute: after a slow prefill the next would be in several pieces.
    await state.warmPrefill(ids.length);
    expect(await counted(async () => void (await state.prefill(0, ids, 0)))).toEqual({ submits: 1, maps: 0 });
  });

  test.each(["prefill", "decode"] as const)(
    "all that %s records from each router to its sum are dispatches",
    (kind) => {
      const { programs } = model;
      const { program } =
        kind === "prefill"
          ? programs.prefill(128, 512, "last")
          : programs.decode(1, 512, { penalties: false, logprobs: 0 });
      const kernels = program.operations.map((operation) =>
        operation.kind === "dispatch" ? operation.dispatch.kernel : operation.kind,
      );
      const { layers } = programs.decoder.config;
      const last = kind === "prefill" ? "moe/combine" : "moe/vector";
      const between = kernels.filter((name) => name.startsWith("moe/"));
      expect(between.filter((name) => name === "moe/route")).toHaveLength(layers);
      expect(between.at(-1)).toBe(last);
      expect(kernels.slice(kernels.indexOf("moe/route"), kernels.lastIndexOf(last) + 1)).not.toContain("copy");
      const grids = program.dispatches.filter(({ indirect }) => indirect !== undefined);
      expect(grids).toHaveLength(kind === "prefill" ? 2 * layers : 0);
    },
  );

  test("a decode step is one submit, and maps nothing but the token", async () => {
    using session = model.session();
    await session.generate("<|whale|>The sea", { temperature: 0, maxTokens: 4 }).result;
    const few = await counted(
      async () => void (await session.generate(" was", { temperature: 0, maxTokens: 4 }).result),
    );
    const more = await counted(
      async () => void (await session.generate(" was", { temperature: 0, maxTokens: 12 }).result),
    );
    expect(more.maps - few.maps).toBe(8);
    expect(more.submits - few.submits).toBeGreaterThanOrEqual(8 - 3); // three are in flight
    expect(more.submits - few.submits).toBeLessThanOrEqual(8 + 3);
  });
});

test("logits of a router that are NaN are an error that names the layer, once", async () => {
  const layers = model.programs.decoder.weights.blocks.map(({ feedForward }) => feedForward);
  const layer = layers[2];
  if (!layer || !isMixture(layer)) throw new Error("layer 2 has no experts");
  const { router } = layer;
  const { storage } = router.weight;
  const before = await router.weight.read();
  expect(router.weight.dtype).toBe("f16");
  await gpu.write(storage, 0, new Uint8Array(new Uint16Array([0x7e00, 0x7e00]).buffer));
  const message = "MixtralForCausalLM: layer 2: the logits of its router are NaN";
  await expect(model.generate("<|whale|>The sea", { maxTokens: 2 }).result).rejects.toThrow(message);
  await expect(model.score(ids.slice(0, 20))).rejects.toThrow(message);
  const [first = 0, second = 0] = before;
  await gpu.write(storage, 0, new Uint8Array([...new Uint8Array(encode("f16", [first, second]).buffer)]));
  const { rows } = await model.generate("<|whale|>The sea", { temperature: 0, maxTokens: 2 }).result;
  expect(rows[0]?.tokens).toHaveLength(2);
});
