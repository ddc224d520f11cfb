// Each time Dawn finds a Vulkan driver with larger limits than its own, it writes two warnings to stderr about limits
// of dynamic offsets, which nothing here uses. It writes them through the C library and offers neither a callback nor a
// switch. So during its search for drivers, which is one synchronous call, stderr's descriptor refers to a file in
// memory; what was written there is then passed on, without these lines. Node has no call for this, so the package
// "koffi" calls the C library.
import { GpuError } from "../errors.ts";

/** The functions of the C library that are called; they return Linux's numbers, and −1 for an error. */
interface Library {
  dup(descriptor: number): number;
  dup2(from: number, to: number): number;
  close(descriptor: number): number;
  memfd_create(name: string, flags: number): number;
}

interface Koffi {
  load(file: string): { func(declaration: string): (...given: (number | string)[]) => number };
}

const stderr = 2;
const closedInChildren = 1; // MFD_CLOEXEC

/** The two lines. */
const warnings =
  /^Warning: maxDynamic(?:Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.\n/gm;

let library: Promise<Library | undefined> | undefined;

/**
 * A function that calls another and keeps the two warnings off stderr meanwhile. Without the package, on systems other
 * than Linux, and in worker threads, which share the descriptor with others, it only makes the call.
 */
export async function withoutDawnWarnings(): Promise<<T>(call: () => T) => T> {
  library ??= openLibrary();
  const opened = await library;
  if (!opened) return (call) => call();
  return (call) => {
    const { result, written } = capturing(opened, call);
    const rest = written.replace(warnings, "");
    if (rest !== "") writeAll(Buffer.from(rest, "latin1"));
    return result();
  };
}

async function openLibrary(): Promise<Library | undefined> {
  if (process.platform !== "linux" || !process.getBuiltinModule("node:worker_threads").isMainThread) return undefined;
  const specifier = "koffi";
  try {
    const imported = (await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)) as { default: Koffi };
    const libc = imported.default.load("libc.so.6");
    const [dup, dup2, close, memfd] = [
      libc.func("int dup(int descriptor)"),
      libc.func("int dup2(int from, int to)"),
      libc.func("int close(int descriptor)"),
      libc.func("int memfd_create(const char *name, unsigned int flags)"),
    ];
    return { dup, dup2, close, memfd_create: memfd } as unknown as Library;
  } catch {
    return undefined; // not installed, or another C library
  }
}

/** Calls a function. `written` is everything written to stderr meanwhile, by any code, as bytes of a Latin-1 text. */
function capturing<T>(
  { dup, dup2, close, memfd_create }: Library,
  call: () => T,
): { result: () => T; written: string } {
  const { fstatSync, readSync } = process.getBuiltinModule("node:fs");
  const own = dup(stderr);
  const file = memfd_create("stderr", closedInChildren);
  if (own < 0 || file < 0 || dup2(file, stderr) < 0) {
    for (const descriptor of [own, file]) if (descriptor >= 0) close(descriptor);
    return { result: call, written: "" };
  }
  let result: () => T;
  try {
    const value = call();
    result = () => value;
  } catch (error) {
    result = () => {
      throw error;
    };
  }
  if (dup2(own, stderr) < 0) throw new GpuError("stderr could not be restored after Dawn had looked for drivers");
  const bytes = Buffer.alloc(fstatSync(file).size);
  readSync(file, bytes, 0, bytes.length, 0);
  close(own);
  close(file);
  return { result, written: bytes.toString("latin1") };
}

function writeAll(bytes: Buffer): void {
  const { writeSync } = process.getBuiltinModule("node:fs");
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(stderr, bytes, at);
  } catch {
    process.stderr.write(bytes); // a pipe that is full
  }
}
