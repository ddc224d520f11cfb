// `study KERNEL`: a kernel of shaders/ with its parts, on a dispatch of a chosen shape.
import { InvalidArgumentError } from "commander";
import { studyKernel } from "../../study/kernels.ts";
import { openDevice } from "../model/open-device.ts";
import { print, printJson } from "../output.ts";
import { kernelReport } from "./kernel-report.ts";
import { comparedOnGpu, type KernelQuestion, preparedFor, studyOf } from "./kernel-run.ts";

/** The options of `study` that are about a kernel. */
export interface KernelFlags {
  readonly shape?: Readonly<Record<string, number>>;
  readonly count?: boolean;
  readonly races?: boolean;
  readonly schedules?: number;
  readonly trace?: boolean;
  readonly float64?: boolean;
  readonly subgroupSize?: number;
  readonly maxSteps?: number;
  readonly compare?: boolean;
  readonly adapter?: string;
  readonly json?: boolean;
}

/** Sizes by their names: `rows=17,columns=33`. */
export function shapeOf(text: string): Record<string, number> {
  const sizes = new Map<string, number>();
  for (const part of text.split(",")) {
    const [, name = "", size = ""] = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part) ?? [];
    if (name === "") throw new InvalidArgumentError("Expected sizes by name, such as rows=17,columns=33.");
    if (sizes.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
    sizes.set(name, Number(size));
  }
  return Object.fromEntries(sizes);
}

/** Runs a kernel and prints what was found. Without flags it counts and looks for races. */
export async function studyNamed(name: string, flags: KernelFlags): Promise<void> {
  const { count, races, trace, float64, schedules = 0, compare, adapter } = flags;
  using gpu = compare ? await openDevice({ ...(adapter !== undefined && { adapter }), tuned: false }) : undefined;
  const isAll = !(count || races || trace || float64 || schedules > 0);
  const question: KernelQuestion = {
    sizes: flags.shape ?? {},
    subgroupSize: flags.subgroupSize ?? gpu?.adapter.subgroupSize,
    maxSteps: flags.maxSteps,
    isCounted: isAll || count === true,
    isRaced: isAll || races === true,
    isTraced: trace === true,
    isFloat64: float64 === true,
    schedules,
  };
  const [prepared, subgroupSize] = preparedFor(await studyKernel(name), question);
  const study = {
    ...studyOf(prepared, question, subgroupSize),
    ...(gpu && { gpu: await comparedOnGpu(prepared, gpu, question, subgroupSize) }),
  };
  if (flags.json) return printJson(study);
  const { code, lines } = prepared.shader;
  const texts = code.split("\n");
  const index = new Map(lines.map(({ file, line }, i) => [`${file}:${line}`, i]));
  const source = ({ file, line }: { readonly file: string; readonly line: number }) =>
    (texts[index.get(`${file}:${line}`) ?? -1] ?? "").trim();
  await print(kernelReport(prepared.kernel, study, source));
}
