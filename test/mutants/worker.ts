// The process that runs tests on mutated shaders. Shaders are changed where dispatches are recorded, so that one
// process with its devices, test data and compiled shaders serves any number of mutants.
import { createHash } from "node:crypto";
import { Gpu } from "../../src/gpu/gpu.ts";
import type { Dispatch } from "../../src/gpu/program/dispatch.ts";
import type { Shader } from "../../src/gpu/shader/specialise.ts";
import { beginFile, type Collected, collected } from "../outside/outside-vitest/collect.ts";
import { beginDevices, devices, testGpu } from "../outside/outside-vitest/devices.ts";
import { clampStrayAccesses } from "./clamping.ts";
import { racesIn } from "./detector.ts";
import type { Edit, Mutant } from "./mutant.ts";

/**
 * What the parent asks for: the tests of a file unchanged; some of them on a mutant, until one is red or `enough`
 * milliseconds have been computed; or the race detector.
 */
export type Order =
  | { readonly kind: "baseline"; readonly file: string }
  | { readonly kind: "mutant"; readonly mutant: Mutant; readonly tests: readonly string[]; readonly enough: number }
  | { readonly kind: "races"; readonly mutant: Mutant };

/** A specialised shader, by a hash of its text, and the files it is joined from. */
export interface UsedShader {
  readonly hash: string;
  readonly files: readonly string[];
}

/** What a test used and took. */
export interface Measured {
  readonly test: string;
  /** That the process computed, on all its threads: the clock says more of what else a machine does. */
  readonly milliseconds: number;
  readonly shaders: readonly UsedShader[];
  readonly error?: string;
}

/** What the worker says; `alive` after every test, so that the parent knows a hang. */
export type Report =
  | { readonly kind: "ready"; readonly adapter: string }
  | { readonly kind: "alive"; readonly test: string }
  | { readonly kind: "baseline"; readonly tests: readonly Measured[] }
  | { readonly kind: "red"; readonly test: string; readonly message: string; readonly worn: boolean }
  | { readonly kind: "invalid"; readonly message: string }
  | { readonly kind: "green"; readonly tests: number; readonly of: number; readonly touched: boolean };

let mutated: { readonly name: string; readonly edits: readonly Edit[] } | undefined;
let touched = false;
let changed = new WeakMap<Shader, Shader>();
const used = new Map<string, UsedShader>();

/** The file that text is from: parts that a user's file is joined with count as that user's. */
const ownName = (file: string) => file.replace(/^custom\/(?=attention\/)/, "");

/** The shader with the edits to the lines that come from the mutant's file. */
function mutate(shader: Shader): Shader {
  if (!mutated) return shader;
  const known = changed.get(shader);
  if (known) return known;
  const { name, edits } = mutated;
  const lines = shader.code.split("\n");
  let result = shader;
  for (const { line, from, to } of edits) {
    const at = shader.lines.findIndex((place) => ownName(place.file) === name && place.line === line);
    if (at < 0 || lines[at] !== from) {
      changed.set(shader, shader);
      return shader;
    }
    lines[at] = to;
  }
  result = { ...shader, code: lines.join("\n") };
  touched = true;
  changed.set(shader, result);
  return result;
}

const append = Gpu.prototype.append;
Gpu.prototype.append = function (this: Gpu, dispatch: Dispatch) {
  const { name, parts, code } = dispatch.shader;
  const hash = createHash("sha1").update(code).digest("base64");
  used.set(hash, { hash, files: [name, ...parts].map(ownName) });
  append.call(this, { ...dispatch, shader: mutate(dispatch.shader) });
};

/** Runs one test; its tensors go afterwards, whether it disposed them or not. */
async function run({ run: body }: Collected): Promise<unknown> {
  const scopes = devices.map((gpu) => gpu.scope());
  let failure: unknown;
  try {
    await body();
  } catch (error) {
    failure = error ?? new Error("nothing was thrown");
  }
  for (const scope of scopes.reverse()) {
    try {
      scope[Symbol.dispose]();
    } catch {} // a failed test may have left its scope open
  }
  // Nothing that a failed test recorded may run with the next one.
  await Promise.all(devices.map((gpu) => gpu.flush().catch(() => undefined)));
  return failure;
}

/** Milliseconds that this process has computed. The adapter is software, so that they count its kernels too. */
function computed(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 300);
const say = (report: Report) =>
  new Promise<void>((resolve) => process.send?.(report, undefined, undefined, () => resolve()));

/** Test files that are not imported yet. */
const unread = new Map<string, () => Promise<unknown>>();

/** Imports a test file as it is without a mistake, when one of its tests is first wanted. */
async function read(file: string): Promise<void> {
  const load = unread.get(file);
  if (!load) return;
  unread.delete(file);
  const mistake = mutated;
  mutated = undefined;
  beginFile(file);
  beginDevices();
  await load();
  mutated = mistake;
  await say({ kind: "alive", test: file });
}

async function baseline(file: string): Promise<void> {
  await read(file);
  const tests: Measured[] = [];
  for (const test of collected.filter(({ id }) => id.startsWith(`${file} > `))) {
    used.clear();
    const start = computed();
    const failure = await run(test);
    const milliseconds = computed() - start;
    tests.push({
      test: test.id,
      milliseconds,
      shaders: [...used.values()],
      ...(failure ? { error: messageOf(failure) } : {}),
    });
    await say({ kind: "alive", test: test.id });
  }
  await say({ kind: "baseline", tests });
}

function use({ file, edits }: Mutant): void {
  mutated = file.endsWith(".wgsl") ? { name: file.slice("shaders/".length, -".wgsl".length), edits } : undefined;
  touched = !mutated;
  changed = new WeakMap();
}

async function tryRaces(mutant: Mutant): Promise<Report> {
  use(mutant);
  const message = await racesIn(mutate);
  if (message !== undefined) return { kind: "red", test: "race detector", message, worn: false };
  return { kind: "green", tests: 0, of: 0, touched };
}

/** `enough` milliseconds computed in green tests, and a mistake counts as not noticed. */
async function tryMutant(mutant: Mutant, tests: readonly string[], enough: number): Promise<Report> {
  use(mutant);
  let spent = 0;
  let done = 0;
  for (const id of tests) {
    if (spent > enough) break;
    await read(id.slice(0, id.indexOf(" > ")));
    const test = collected.find((each) => each.id === id);
    if (!test) continue;
    done++;
    const start = computed();
    const failure = await run(test);
    spent += computed() - start;
    if (failure instanceof Error && failure.name === "ShaderError")
      return { kind: "invalid", message: messageOf(failure) };
    if (failure) {
      const worn = devices.some((gpu) => {
        try {
          gpu.assertUsable();
          return false;
        } catch {
          return true;
        }
      });
      return { kind: "red", test: test.id, message: messageOf(failure), worn };
    }
    await say({ kind: "alive", test: test.id });
  }
  return { kind: "green", tests: done, of: tests.length, touched };
}

/** Answers the parent's orders, on test files that are imported when they are first wanted. */
export async function work(files: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  clampStrayAccesses();
  for (const [name, load] of Object.entries(files)) unread.set(name, load);
  let last = Promise.resolve();
  process.on("message", (order: Order) => {
    last = last.then(async () => {
      if (order.kind === "baseline") await baseline(order.file);
      else if (order.kind === "races") await say(await tryRaces(order.mutant));
      else await say(await tryMutant(order.mutant, order.tests, order.enough));
    });
  });
  process.on("disconnect", () => process.exit());
  await say({ kind: "ready", adapter: (await testGpu()).adapter.label });
}
