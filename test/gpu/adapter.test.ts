import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { requestAdapter } from "../../src/gpu/device/adapter.ts";
import { describeAdapter, matchesName } from "../../src/gpu/device/adapter-info.ts";
import { withoutDawnWarnings } from "../../src/gpu/device/dawn-warnings.ts";
import { GpuError } from "../../src/gpu/errors.ts";

/** Which of the two software adapters this machine has. */
async function has(adapter: string): Promise<boolean> {
  return await requestAdapter({ adapter }).then(
    () => true,
    () => false,
  );
}
const hasSwiftShader = await has("swiftshader");
const hasLlvmpipe = await has("llvmpipe");

/** Runs a shader that writes `3 · index` and gives what it wrote. */
async function triple(device: GPUDevice, count: number): Promise<number[]> {
  const size = 4 * count;
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
      @compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = 3 * id.x; }`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const y = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: { buffer: y } }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(count);
  pass.end();
  encoder.copyBufferToBuffer(y, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  return [...new Uint32Array(read.getMappedRange())];
}

afterEach(() => vi.unstubAllEnvs());

describe("without a name", () => {
  beforeEach(() => {
    vi.stubEnv("SHADERFORMER_ADAPTER", "");
  });

  test("the adapter found computes, and a software one says so", async () => {
    const { adapter, info } = await requestAdapter();
    const device = await adapter.requestDevice();
    expect(await triple(device, 5)).toEqual([0, 3, 6, 9, 12]);
    device.destroy();
    expect(info.vendor).not.toBe("");
    expect(info.software).toBe(/llvmpipe|swiftshader/i.test(`${info.device} ${info.description}`));
    expect(info.label.endsWith(" — software")).toBe(info.software);
  });

  test("Mesa's driver goes before SwiftShader", async ({ skip }) => {
    const { info } = await requestAdapter();
    skip(!info.software || !hasLlvmpipe || !hasSwiftShader, "needs both software adapters and no GPU");
    expect(info.label).toMatch(/^llvmpipe \(Mesa \S+, LLVM \S+, \d+ bits\) — software$/);
  });

  test("timestamps are not rounded to 65,536 ns", async ({ skip }) => {
    const { adapter } = await requestAdapter();
    skip(!adapter.features.has("timestamp-query"), "needs timestamp queries");
    const device = await adapter.requestDevice({ requiredFeatures: ["timestamp-query"] });
    const querySet = device.createQuerySet({ type: "timestamp", count: 8 });
    const resolved = device.createBuffer({ size: 64, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const read = device.createBuffer({ size: 64, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    for (let i = 0; i < 8; i += 2) {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: i, endOfPassWriteIndex: i + 1 };
      encoder.beginComputePass({ timestampWrites }).end();
    }
    encoder.resolveQuerySet(querySet, 0, 8, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, read, 0, 64);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    const times = [...new BigUint64Array(read.getMappedRange())];
    expect(times.some((time) => time % 65_536n !== 0n)).toBe(true);
    device.destroy();
  });
});

describe("by name", () => {
  test.skipIf(!hasSwiftShader)("SwiftShader is found next to the system's drivers", async () => {
    const { adapter, info } = await requestAdapter({ adapter: "SwiftShader" });
    expect(info).toMatchObject({ vendor: "google", architecture: "swiftshader", software: true });
    expect(adapter.features.has("shader-f16")).toBe(false);
  });

  test.skipIf(!hasSwiftShader || !hasLlvmpipe)("one process computes on both, and keeps its environment", async () => {
    const before = { ...process.env };
    const devices: GPUDevice[] = [];
    for (const name of ["swiftshader", "lavapipe", "swiftshader"]) {
      const { adapter, info } = await requestAdapter({ adapter: name });
      expect(matchesName(name, info.label)).toBe(true);
      devices.push(await adapter.requestDevice());
    }
    const results = await Promise.all(devices.map((device) => triple(device, 3)));
    expect(results).toEqual([
      [0, 3, 6],
      [0, 3, 6],
      [0, 3, 6],
    ]);
    for (const device of devices) device.destroy();
    expect({ ...process.env }).toEqual(before);
  });

  test("a label finds the adapter that it was read from", async () => {
    const { info } = await requestAdapter();
    expect((await requestAdapter({ adapter: info.label })).info).toEqual(info);
  });

  test.skipIf(!hasSwiftShader)("SHADERFORMER_ADAPTER is the name where none is given", async () => {
    vi.stubEnv("SHADERFORMER_ADAPTER", "swiftshader");
    expect((await requestAdapter()).info.architecture).toBe("swiftshader");
    const asked = hasLlvmpipe ? "llvmpipe" : "swiftshader";
    expect((await requestAdapter({ adapter: asked })).info.label.toLowerCase()).toContain(asked);
  });

  test("an unknown name lists the adapters", async () => {
    const { info } = await requestAdapter();
    const error = await requestAdapter({ adapter: "voodoo2" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GpuError);
    expect(String(error)).toContain('no adapter matches "voodoo2"; found: ');
    expect(String(error)).toContain(info.label);
    if (hasSwiftShader) expect(String(error)).toContain("SwiftShader");
  });
});

test.runIf(process.platform === "linux")(
  "drivers that are not there are an error that says which could be",
  async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent.json");
    const message =
      "no WebGPU adapter: VK_DRIVER_FILES is /nonexistent.json, and /nonexistent.json does not exist: unset it, ";
    for (const adapter of [undefined, "swiftshader"]) {
      const error = await requestAdapter({ adapter }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(GpuError);
      expect(String(error)).toContain(message);
      expect(String(error)).toMatch(/or name one of \/\S+\.json|then install a driver/);
    }
    vi.unstubAllEnvs();
    await requestAdapter(); // and the next search is not spoilt by it
  },
);

test("names match by words, whatever their case and punctuation", () => {
  const name = "llvmpipe (Mesa 25.0.7, LLVM 19.1.7, 256 bits) — software";
  for (const wanted of ["lavapipe", "LLVMpipe", "mesa 256", name, "software"])
    expect(matchesName(wanted, name)).toBe(true);
  for (const wanted of ["swiftshader", "llvmpipe 512", "nvidia"]) expect(matchesName(wanted, name)).toBe(false);
});

describe("what an adapter says of itself", () => {
  const described = (info: object, features: readonly string[] = []) =>
    describeAdapter({ info, features: new Set(features) } as unknown as GPUAdapter);
  const nameless = { vendor: "", architecture: "", device: "", description: "" };

  test("no subgroup size where shaders may not use subgroups", () => {
    const info = { ...nameless, subgroupMinSize: 8, subgroupMaxSize: 8 };
    expect(described(info, ["subgroups"]).subgroupSize).toBe(8);
    expect(described(info).subgroupSize).toBeUndefined();
  });

  test("software is known without a name, as in Firefox", () => {
    expect(described({ ...nameless, isFallbackAdapter: true })).toMatchObject({
      software: true,
      label: "unnamed adapter — software",
    });
    expect(described(nameless)).toMatchObject({ software: false, label: "unnamed adapter" });
  });
});

// At the end, for it loads modules anew.
const library = "koffi"; // a name, for clones from before it came
const koffi = await import(library).then(
  ({ default: one }) => one as { load(file: string): { func(declaration: string): (...given: number[]) => number } },
  () => undefined,
);
const noFilter = process.platform !== "linux" || !koffi;

describe.skipIf(noFilter)(`Dawn's two warnings about limits${koffi ? "" : " (koffi is not installed)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-stderr-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What came to stderr's descriptor meanwhile, whoever wrote it. */
  async function stderrOf(run: () => unknown): Promise<string> {
    const libc = koffi?.load("libc.so.6");
    const [dup, dup2] = [libc?.func("int dup(int fd)"), libc?.func("int dup2(int from, int to)")];
    if (!dup || !dup2) throw new Error("there is no C library");
    const name = join(folder, "stderr");
    const [own, file] = [dup(2), openSync(name, "w")];
    dup2(file, 2);
    try {
      await run();
    } finally {
      dup2(own, 2);
      closeSync(own);
      closeSync(file);
    }
    return readFileSync(name, "latin1");
  }

  const warning = (kind: string) =>
    `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n`;

  test("are left out, and every other line is as it was", async () => {
    const quietly = await withoutDawnWarnings();
    const others = [
      "first\n",
      "Warning: maxDynamicUniformBuffersPerPipelineLayout is 8\n",
      `${warning("Vertex")}`,
      "\xff, no end",
    ];
    const [first = "", ...rest] = others.map((line) => Buffer.from(line, "latin1"));
    const all = [warning("Uniform"), first, warning("Storage"), ...rest];
    const write = () => all.map((line) => writeSync(2, Buffer.from(line as string))).length;
    expect(await stderrOf(() => expect(quietly(write)).toBe(6))).toBe(others.join(""));
    const failing = () => {
      writeSync(2, `${warning("Uniform")}kept\n`);
      throw new Error("no driver");
    };
    expect(await stderrOf(() => expect(() => quietly(failing)).toThrow("no driver"))).toBe("kept\n");
  });

  test("do not come with an adapter that is found anew", async () => {
    vi.resetModules(); // Dawn's instances are kept by the module
    const { requestAdapter: anew } = await import("../../src/gpu/device/adapter.ts");
    expect(await stderrOf(() => anew())).toBe("");
  });
});
