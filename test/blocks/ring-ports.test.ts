import { describe, expect, test } from "vitest";
import { ringAttentionOverPorts, serveRing } from "../../src/blocks/ring-attention/ports.ts";
import { ringAttention } from "../../src/blocks/ring-attention/ring-attention.ts";
import { normal } from "../../src/check/random.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { transpose } from "../../src/tensor/views.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });
const [b, h, g, d] = [2, 4, 2, 8];

/** Values of q, k and v, as they go to a device and as they travel. */
function inputs(t: number, s: number) {
  const of = (shape: readonly number[], seed: number) => ({
    shape,
    elements: Float32Array.from(
      normal(
        shape.reduce((size, axis) => size * axis, 1),
        seed,
      ),
    ),
  });
  const given = { q: of([b, h, t, d], 1), k: of([b, g, s, d], 2), v: of([b, g, s, d], 3) };
  const both = Object.entries(given).map(([name, { shape, elements }]) => [
    name,
    { onDevice: tensor(gpu, shape, elements), travelling: { shape, dtype: "f32", elements } as const },
  ]);
  return Object.fromEntries(both) as Record<
    "q" | "k" | "v",
    { onDevice: ReturnType<typeof tensor>; travelling: { shape: number[]; dtype: "f32"; elements: Float32Array } }
  >;
}

const pick = <K extends "onDevice" | "travelling">({ q, k, v }: ReturnType<typeof inputs>, which: K) => ({
  q: q[which],
  k: k[which],
  v: v[which],
});

/** A ring of devices behind message ports; the last of `devices` may be one that fails. */
function openRing(devices: readonly Parameters<typeof serveRing>[0][]) {
  const channels = devices.map(() => new MessageChannel());
  const ends = channels.map(({ port2 }, i) => serveRing(devices[i] ?? gpu, port2));
  const close = () => {
    for (const end of ends) end();
    for (const { port1 } of channels) port1.close();
  };
  return { ports: channels.map(({ port1 }) => port1), close };
}

describe("ringAttentionOverPorts", () => {
  test.each([
    ["contiguous", "causal", 29, 29],
    ["zigzag", "causal", 31, 40],
    ["striped", "causal", 29, 29],
    ["contiguous", "full", 5, 23],
  ] as const)("is bitwise what ringAttention is on one device: %s, %s", async (balance, mask, t, s) => {
    const { ports, close } = openRing([gpu, Promise.resolve(gpu), gpu]);
    const x = inputs(t, s);
    const options = { balance, mask, variant: "rows" } as const;
    const one = ringAttention(gpu, pick(x, "onDevice"), { ...options, shards: 3 });
    const many = await ringAttentionOverPorts(ports, pick(x, "travelling"), options);
    expect(many.out.elements).toEqual(await transpose(one.out, [0, 2, 1, 3]).readStored());
    expect(many.lse.elements).toEqual(await one.lse.readStored());
    expect(many.figures).toEqual(one.figures);
    expect(many.moved.sent).toBe(many.figures.hopBytes);
    expect(many.moved.sent).toBeGreaterThan(0);
    close();
  });

  test("several rings go over the same ports, also at the same time, and in another order of arrival", async () => {
    const { ports, close } = openRing([gpu, gpu, gpu]);
    const arrival = [
      [2, 0, 1],
      [0, 2, 1],
      [1, 0, 2],
    ];
    const x = pick(inputs(20, 20), "travelling");
    const options = { balance: "zigzag", variant: "rows" } as const;
    const [first, second] = await Promise.all([
      ringAttentionOverPorts(ports, x, options),
      ringAttentionOverPorts(ports, x, { ...options, arrival }),
    ]);
    expect(second.out.elements).toEqual(first.out.elements);
    close();
  });

  test("when one device fails, its message arrives and no other waits for it", async () => {
    const broken = await openGpu({ features: [] });
    broken.close();
    const { ports, close } = openRing([gpu, broken, gpu]);
    const x = pick(inputs(12, 12), "travelling");
    await expect(ringAttentionOverPorts(ports, x, { mask: "full", variant: "rows" })).rejects.toThrow(
      /ringAttention: .* this device was closed/,
    );
    close();
  });

  test("refuses what does not fit before anything is sent", async () => {
    const x = pick(inputs(12, 12), "travelling");
    await expect(ringAttentionOverPorts([], x)).rejects.toThrow(/shards is 0, expected an integer from 1 to/);
    const { port1 } = new MessageChannel();
    const v = { ...x.v, shape: [b, g, 11, d] };
    await expect(ringAttentionOverPorts([port1], { ...x, v })).rejects.toThrow(/v is \[2, 2, 11, 8\]/);
    port1.close();
  });
});
