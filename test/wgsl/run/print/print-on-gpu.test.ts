import { describe, expect, test } from "vitest";
import { checkProgram } from "../../../../src/wgsl/run/check/program.ts";
import { differentPrints } from "../../../../src/wgsl/run/print/compare.ts";
import { instrumentPrints } from "../../../../src/wgsl/run/print/instrument.ts";
import type { EntryPoint, Variable } from "../../../../src/wgsl/run/program.ts";
import { runWgsl } from "../../../../src/wgsl/run/run.ts";
import { first } from "../../../support/first-tier.ts";
import { devices, lackOf } from "../gpu-devices.ts";
import { runOnBoth } from "../run-on-gpu.ts";
import { printTexts } from "./texts.ts";

describe.each([...(await devices())])("on %s and in the interpreter", (_, gpu) => {
  for (const [name, { code, needs, words, workgroups }] of Object.entries(printTexts)) {
    test(`the same is printed: ${name}`, first, async ({ skip }) => {
      const lack = lackOf(gpu, needs);
      skip(lack !== undefined, lack);
      const plain = new Uint32Array(words);
      const { subgroupSize = 32 } = gpu.adapter;
      const bindings = [{ binding: 0, data: plain }];
      const { prints } = runWgsl(code, { bindings, workgroups, subgroupSize: subgroupSize as 32 });
      const entry = checkProgram(code).entryPoints.get("main") as EntryPoint;
      const { code: instrumented, buffer } = instrumentPrints(code, entry, { limits: gpu.device.limits });
      const buffersOf = ({ function: { uses } }: EntryPoint) => {
        const resources = [...uses].filter(({ binding }) => binding !== undefined);
        const bytesOf = ({ name: own }: Variable) => (own === "out" ? 4 * words : (buffer?.bytes ?? 0));
        return new Map(resources.map((one) => [one, new ArrayBuffer(bytesOf(one))]));
      };
      const { pairs } = await runOnBoth(gpu, instrumented, buffersOf, workgroups);
      const [out, printed] = ["out", "print"].map(
        (own) => pairs.find(({ variable }) => variable.name.startsWith(own))?.onGpu as ArrayBuffer,
      );
      const found = buffer?.read(printed as ArrayBuffer);
      expect(differentPrints(prints, found?.prints ?? [], () => false)).toEqual([]);
      expect(found?.droppedPrints).toBe(0);
      expect(new Uint32Array(out as ArrayBuffer)).toEqual(plain);
    });
  }
});
