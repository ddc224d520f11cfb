import { expect, test } from "vitest";
import { openGpu } from "../../src/gpu/device/open.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { appendRotated } from "../../src/kernels/kv-cache/append-rotated.ts";
import { matmul } from "../../src/kernels/matmul/matmul.ts";
import { projection } from "../../src/kernels/matmul/projection.ts";
import { experts } from "../../src/kernels/moe/experts.ts";
import { routeBackward } from "../../src/kernels/moe/route-backward.ts";
import { rmsNorm } from "../../src/kernels/norm/rms-norm.ts";
import { logSoftmax } from "../../src/kernels/softmax/log-softmax.ts";
import { softmax } from "../../src/kernels/softmax/softmax.ts";
import { choiceFor, kindOf, tune, tuneAs, tuning, tuningTable } from "../../src/kernels/tuning.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });

test("each choice says where it was measured, or that it was not, and why it was made", () => {
  for (const row of Object.values(tuningTable)) {
    for (const { measuredOn, finding } of Object.values(row)) {
      expect(measuredOn === undefined || measuredOn.length > 0).toBe(true);
      expect(finding).not.toBe("");
    }
  }
});

test("orders name variants that there are, and end with one that needs no feature", () => {
  const tables = {
    attentionOfFewQueries: attention.variants,
    attentionOfManyQueries: attention.variants,
    matmulOfFewRows: matmul.variants,
    projection: projection.variants,
    appendRotated: appendRotated.variants,
    matmulOfManyRows: matmul.variants,
    expertsOfManyTokens: experts.variants,
    softmax: softmax.variants,
    logSoftmax: logSoftmax.variants,
    routerGradients: routeBackward.variants,
    norm: rmsNorm.variants,
  } as const;
  for (const [choice, variants] of Object.entries(tables)) {
    for (const { choice: order } of Object.values(tuningTable[choice as keyof typeof tables])) {
      expect([...order].filter((name: string) => !(name in variants))).toEqual([]);
      expect(variants[order.at(-1) as keyof typeof variants]).not.toHaveProperty("requires");
    }
  }
});

test("a device has the choices of its kind, or those set by tune", async () => {
  using device = await openGpu({ features: [] }); // not one that other files use
  expect(tuning(device).vectorLanes).toBe(choiceFor("vectorLanes", kindOf(device)).choice);

  tuneAs(device, "hardware");
  expect(tuning(device).f16).toBe("native");
  tune(device, { matmulOfManyRows: ["naive"] });
  expect(tuning(device)).toEqual({ ...tuning(device), f16: "native", vectorLanes: 64, matmulOfManyRows: ["naive"] });
  expect(tuning(gpu).matmulOfManyRows).toContain("register");

  const x = tensor(device, [9, 8], new Float32Array(72));
  const weight = tensor(device, [2, 8], new Float32Array(16));
  const [call] = device.record(() => matmul(device, { x, weight })).calls;
  expect(call?.variant).toBe("naive");
});

test("a software adapter with the fewest invocations has the rows of such, and the others of software adapters", async () => {
  using device = await openGpu({ features: [], cap: { invocations: 256 } });
  const { software } = device.adapter;
  expect(kindOf(device)).toBe(software ? "minimal" : "hardware");
  expect(kindOf({ ...device, limits: { ...device.limits, invocations: 1024 } })).toBe(
    software ? "software" : "hardware",
  );
  tuneAs(device, "minimal");
  expect(tuning(device)).toMatchObject({
    matmulOfFewRows: ["vector"],
    projection: ["chain"],
    appendRotated: ["chain"],
  });
  expect(tuning(device).attentionOfFewQueries).toEqual(tuningTable.attentionOfFewQueries.software.choice);
});
