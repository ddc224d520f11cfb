import type { create } from "webgpu";
import { GpuError } from "../errors.ts";
import {
  type AdapterRequest,
  describeAdapter,
  type FoundAdapter,
  matchesName,
  unknownAdapter,
} from "./adapter-info.ts";
import { withoutDawnWarnings } from "./dawn-warnings.ts";

// Adapters in Node, through Dawn. On Linux Dawn uses Vulkan. The Vulkan loader decides which drivers it sees, and reads
// the environment each time an instance is made. So the environment is set around the one synchronous call that makes
// it, and one process can hold adapters of several driver sets.
//
// Node's modules are reached through process.getBuiltinModule, and "webgpu" through a variable, so that bundlers for
// the browser, which find this file behind a dynamic import, have nothing to resolve in it.

interface Dawn {
  readonly create: typeof create;
  readonly globals: object;
}

/** Environment variables that limit the Vulkan loader to one set of drivers; empty for the loader's default. */
type DriverSet = Readonly<Record<string, string>>;

/** By default Dawn rounds timestamps to 65,536 ns, longer than many kernels run. */
const flags = ["disable-dawn-features=timestamp_quantization"];

/** A device must not outlive the instance that made its adapter, so instances are kept for the life of the process. */
const instances = new Map<string, GPU>();

/**
 * Finds an adapter through Dawn. With no name the order is: a GPU, then Mesa's software driver (both from the
 * drivers installed on the system, where Dawn puts GPUs first), then the SwiftShader of an installed Chromium, then the
 * one that `scripts/setup.mjs` unpacks. A name (`request.adapter`, else the variable SHADERFORMER_ADAPTER) is looked up
 * among all of them. `VK_DRIVER_FILES` or `VK_ICD_FILENAMES`, where set, restricts the search to what they list.
 */
export async function requestNodeAdapter({ powerPreference, adapter }: AdapterRequest): Promise<FoundAdapter> {
  const dawn = await loadDawn();
  const wanted = adapter || process.env["SHADERFORMER_ADAPTER"];
  const options = { powerPreference: powerPreference ?? "high-performance" };
  if (wanted) return await findByName(dawn, wanted, options);
  for (const drivers of driverSets()) {
    const found = await open(dawn, drivers, flags, options);
    if (found) return { adapter: found, info: describeAdapter(found) };
  }
  throw noAdapter();
}

async function findByName(dawn: Dawn, wanted: string, options: GPURequestAdapterOptions): Promise<FoundAdapter> {
  const available: { drivers: DriverSet; name: string }[] = [];
  for (const drivers of driverSets()) {
    for (const name of await adapterNames(dawn, drivers)) available.push({ drivers, name });
  }
  if (available.length === 0) throw noAdapter();
  // Dawn's own name first, so that only the requested adapter is opened; the full label requires opening each one.
  const named = available.filter(({ name }) => matchesName(wanted, name));
  const found: string[] = [];
  for (const { drivers, name } of named.length > 0 ? named : available) {
    const adapter = await open(dawn, drivers, [...flags, `adapter=${name}`], options);
    if (!adapter) continue;
    const info = describeAdapter(adapter);
    if (matchesName(wanted, `${name} ${info.label}`)) return { adapter, info };
    found.push(info.label);
  }
  throw unknownAdapter(wanted, [...new Set(found)]);
}

/** The names of the adapters of one driver set: Dawn lists them when one that does not exist is requested. */
async function adapterNames(dawn: Dawn, drivers: DriverSet): Promise<string[]> {
  try {
    await open(dawn, drivers, [...flags, "adapter=\u0001"], {});
  } catch (error) {
    return [...String(error).matchAll(/name: '(.*)'/g)].map(([, name]) => name ?? "");
  }
  return []; // null, not an error, where there is no adapter at all
}

async function open(
  dawn: Dawn,
  drivers: DriverSet,
  createFlags: readonly string[],
  options: GPURequestAdapterOptions,
): Promise<GPUAdapter | null> {
  const quietly = await withoutDawnWarnings();
  const key = JSON.stringify([chosenDrivers(), drivers, createFlags]);
  const gpu = instances.get(key) ?? dawn.create([...createFlags]);
  instances.set(key, gpu);
  const before = Object.keys(drivers).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, drivers);
  const answer = quietly(() => gpu.requestAdapter(options)); // the drivers are loaded before this returns
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return await answer;
}

async function loadDawn(): Promise<Dawn> {
  const specifier = "webgpu";
  let dawn: Dawn;
  try {
    dawn = (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as Dawn;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ERR_MODULE_NOT_FOUND") {
      throw new GpuError("no WebGPU: Node has none of its own. Install Dawn next to this package: npm install webgpu");
    }
    throw new GpuError(
      `no WebGPU: the package "webgpu" (Dawn) does not load on ${process.platform}-${process.arch}; ` +
        "it has builds for linux-x64, linux-arm64, win32-x64, win32-arm64 and macOS",
      { cause },
    );
  }
  // GPUBufferUsage and other constants that a browser has as globals.
  for (const [name, value] of Object.entries(dawn.globals))
    if (!(name in globalThis)) Reflect.set(globalThis, name, value);
  pollPatiently();
  return dawn;
}

/** The sets of drivers to try, best first. */
function driverSets(): DriverSet[] {
  if (process.platform !== "linux") return [{}];
  // Chromium ships a loader too. Dawn loads one by bare name, and gets the one that is already loaded.
  const loaders = ["libvulkan.so.1", ...swiftShaderFolders().map((folder) => `${folder}/libvulkan.so.1`)];
  if (!loaders.some(loadsVulkan)) return [];
  if (chosenDrivers()) return [{}];
  const { existsSync } = process.getBuiltinModule("node:fs");
  const swiftShaders = swiftShaderFolders()
    .map((folder) => `${folder}/vk_swiftshader_icd.json`)
    .filter((file) => existsSync(file))
    // The second variable is for loaders before 1.3.207.
    .map((file) => ({ VK_DRIVER_FILES: file, VK_ICD_FILENAMES: file }));
  return [{}, ...swiftShaders];
}

function chosenDrivers(): string | undefined {
  return process.env["VK_DRIVER_FILES"] || process.env["VK_ICD_FILENAMES"];
}

/** Where SwiftShader may be: in Chromium as distributions install it, then where `scripts/setup.mjs` unpacks it. */
function swiftShaderFolders(): string[] {
  const { homedir } = process.getBuiltinModule("node:os");
  const cache = process.env["XDG_CACHE_HOME"] || `${homedir()}/.cache`;
  return [
    "/usr/lib/chromium",
    "/usr/lib/chromium-browser",
    "/usr/lib64/chromium-browser",
    "/opt/google/chrome",
    `${cache}/shaderformer/swiftshader`,
  ];
}

/**
 * Loads a Vulkan loader and keeps it loaded. Node then throws, because the library is not an addon; that is ignored.
 */
function loadsVulkan(file: string): boolean {
  const { constants } = process.getBuiltinModule("node:os");
  const keepLoaded = 0x1000; // RTLD_NODELETE, for which Node has no constant
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | keepLoaded);
    return true;
  } catch (error) {
    return !/cannot open shared object|no such file/i.test(String(error));
  }
}

function noAdapter(): GpuError {
  if (process.platform !== "linux")
    return new GpuError("no WebGPU adapter: Dawn found no GPU; update the graphics driver");
  const chosen = chosenDrivers();
  if (chosen) return new GpuError(`no WebGPU adapter: ${wrongDrivers(chosen)}`);
  return new GpuError(
    "no WebGPU adapter: no working Vulkan driver is installed. Install the GPU's driver, or a software one: " +
      "apt-get install mesa-vulkan-drivers libvulkan1 (in a clone of shaderformer: node scripts/setup.mjs)",
  );
}

/** What is wrong with the drivers that a variable names, and which could be named instead. */
function wrongDrivers(chosen: string): string {
  const { existsSync, readdirSync } = process.getBuiltinModule("node:fs");
  const variable = process.env["VK_DRIVER_FILES"] ? "VK_DRIVER_FILES" : "VK_ICD_FILENAMES";
  const missing = chosen.split(":").filter((file) => !existsSync(file));
  const wrong = missing.length > 0 ? `${missing.join(", ")} does not exist` : "none of its drivers works";
  const installed = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((file) => `${folder}/${file}`) : [],
  );
  const instead =
    installed.length > 0 ? `unset it, or name one of ${installed.join(", ")}` : "unset it, then install a driver";
  return `${variable} is ${chosen}, and ${wrong}: ${instead}`;
}

// Dawn in Node polls the device in a chain of setImmediate callbacks for as long as something is awaited. That keeps
// one core busy waiting: one of the cores that a software adapter computes on.

/** Polls made without pause, for work that finishes at once; about 0.2 ms. */
const eager = 100;

/** Milliseconds between two polls after those: the shortest that setTimeout can wait. */
const pause = 1;

let patient = false;

/** Dawn's callbacks are functions without source, name and arguments; JavaScript's have at least one of these. */
const isQuestion = (callback: (...given: unknown[]) => void, given: readonly unknown[]): boolean =>
  given.length === 0 && callback.name === "" && Function.prototype.toString.call(callback).includes("[native code]");

/**
 * Makes Dawn poll less often: a while without pause, then once a millisecond. Other callers of setImmediate are not
 * affected. Dawn looks the function up by name each time, and has no setting for this.
 */
function pollPatiently(): void {
  if (patient) return;
  patient = true;
  const { setImmediate } = globalThis;
  let [asked, asking] = [0, false];
  const replacement = (callback: (...given: unknown[]) => void, ...given: unknown[]) => {
    if (!isQuestion(callback, given)) return setImmediate(callback, ...given);
    asked = asking ? asked + 1 : 1; // a poll asks for the next one; all else awaits something new
    const poll = () => {
      asking = true;
      try {
        callback();
      } finally {
        asking = false;
      }
    };
    return asked <= eager ? setImmediate(poll) : setTimeout(poll, pause);
  };
  globalThis.setImmediate = Object.assign(replacement, setImmediate) as typeof setImmediate;
}
