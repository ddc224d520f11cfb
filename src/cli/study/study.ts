import { Command, InvalidArgumentError } from "commander";
import { count, positive } from "../arguments.ts";
import { openDevice } from "../model/open-device.ts";
import { print, printJson } from "../output.ts";
import { readTextFile } from "../read-text.ts";
import { readBindings } from "./bindings.ts";
import { type KernelFlags, shapeOf, studyNamed } from "./kernel.ts";
import { textReport } from "./report.ts";
import { runText } from "./text-run.ts";

interface Flags extends KernelFlags {
  readonly wgsl?: string;
  readonly bindings?: string;
  readonly workgroups?: readonly [number, number, number];
  readonly entry?: string;
}

/** `shaderformer study`: a compute shader in the interpreter, counted and checked. */
export function studyCommand(): Command {
  return new Command("study")
    .description(
      "Run a kernel or a compute shader of your own thread by thread without a GPU: what it requests from memory, races, " +
        "accesses out of bounds, barriers that threads do not meet at, and what print(…) in the text shows.",
    )
    .argument("[kernel]", "a kernel of shaders/, such as gemm/tiled; without one, --wgsl, --bindings and --workgroups")
    .option("--shape <sizes>", "sizes of the kernel's dispatch, such as rows=17,columns=33", shapeOf)
    .option("--count", "count what the kernel requests from memory and computes (default: with --races)")
    .option("--races", "look for races of the kernel, accesses out of bounds, barriers that threads do not meet at")
    .option("--trace", "list the statements of the kernel's first subgroup, with what they access")
    .option("--float64", "compare the kernel's results with float64, by what WGSL allows")
    .option("--wgsl <file>", "a WGSL text")
    .option("--bindings <file>", "its buffers: a JSON list of { group, binding, type, values or length }")
    .option("--workgroups <x,y,z>", "how many workgroups, in one to three dimensions", grid)
    .option("--entry <name>", "the entry point, where the text has several")
    .option("--subgroup-size <n>", "threads of a subgroup (default: 32; with --compare the adapter's)", subgroupSize)
    .option("--schedules <n>", "also run in this many random orders, and compare the bits", count)
    .option("--max-steps <n>", "steps before a run is taken for endless (default: 50,000,000)", positive)
    .option("--compare", "run it on the GPU too, and compare")
    .option("--adapter <name>", "words in the name of the adapter for --compare: lavapipe, swiftshader, H100")
    .option("--json", "print one JSON value")
    .action((kernel: string | undefined, flags: Flags) =>
      kernel === undefined ? studyText(flags) : studyNamed(kernel, checkedFor(flags, "a kernel", ofTexts)),
    );
}

function grid(text: string): [number, number, number] {
  const sizes = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN));
  const [x = Number.NaN, y = 1, z = 1] = sizes;
  if (sizes.length > 3 || [x, y, z].some((size) => !(size <= 65_535))) {
    throw new InvalidArgumentError("Expected one to three integers from 0 to 65535, separated by commas.");
  }
  return [x, y, z];
}

function subgroupSize(text: string): number {
  const size = count(text);
  if (![4, 8, 16, 32, 64, 128].includes(size)) throw new InvalidArgumentError("Expected 4, 8, 16, 32, 64 or 128.");
  return size;
}

/** Options for a text of one's own, and for a kernel of shaders/. */
const ofTexts = ["wgsl", "bindings", "workgroups", "entry"] as const;
const ofKernels = ["shape", "count", "races", "trace", "float64"] as const;

/** Throws for options that are not for what is studied. */
function checkedFor(flags: Flags, what: string, others: readonly (keyof Flags)[]): Flags {
  const other = others.find((name) => flags[name] !== undefined);
  if (other !== undefined) throw new Error(`--${other} is not for ${what}`);
  return flags;
}

async function studyText(flags: Flags): Promise<void> {
  checkedFor(flags, "--wgsl", ofKernels);
  const { wgsl, bindings, workgroups, schedules = 0, adapter, compare, json } = flags;
  if (wgsl === undefined) throw new Error("expected the name of a kernel, or --wgsl, --bindings and --workgroups");
  if (bindings === undefined) throw new Error("--bindings is missing, expected the file of the text's buffers");
  if (workgroups === undefined) throw new Error("--workgroups is missing, expected how many there are");
  const [code, given] = [await readTextFile(wgsl), await readBindings(bindings)];
  using gpu = compare ? await openDevice({ ...(adapter !== undefined && { adapter }), tuned: false }) : undefined;
  const { entry, subgroupSize: size, maxSteps } = flags;
  const run = { file: wgsl, code, bindings: given, workgroups, entry, subgroupSize: size, maxSteps, schedules, gpu };
  const study = await runText(run);
  await (json ? printJson(study.result) : print(textReport(run, study)));
}
