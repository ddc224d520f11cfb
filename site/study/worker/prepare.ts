// From a kernel's name and the reader's choices to a text and its buffers.
import { ShaderError } from "../../../src/gpu/errors.ts";
import { evaluate } from "../../../src/gpu/shader/constant-expression.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { OptionError } from "../../../src/options/errors.ts";
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Inputs, inputsOf } from "../../../src/study/dispatch.ts";
import * as studies from "../../../src/study/kernel.ts";
import { studyKernel } from "../../../src/study/kernels.ts";
import { WgslError } from "../../../src/wgsl/error.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import type { EntryPoint, Program, Variable } from "../../../src/wgsl/run/program.ts";
import { words } from "../../shell/trouble/sentence.ts";
import { type FileLine, isEdited, type Joined, type Prepared, type Problem, type Study } from "./protocol.ts";
import { filesOf, joinFiles } from "./source.ts";

/** A study that can run. */
export interface ReadyStudy {
  readonly study: Study;
  /** The kernel as it is in the repository, on these sizes. */
  readonly usual: studies.Prepared;
  readonly prepared: Prepared;
  /** The text that runs. */
  readonly shader: Shader;
  readonly joined: Joined;
  readonly program: Program;
  readonly entry: EntryPoint;
  readonly inputs: Inputs;
  /** What buffers hold before the run, made anew at each call. */
  readonly buffers: () => Map<Variable, ArrayBuffer>;
}

/** A problem of a text, with its line. */
class TextError extends Error {
  readonly place: FileLine | undefined;
  constructor(message: string, place: FileLine | undefined) {
    super(message);
    this.place = place;
  }
}

/**
 * Fetches the kernel and makes its text and buffers; `onPrepared` is called with its files before the reader's changes to
 * them are read. Throws for an unknown kernel, choices that it does not take, and texts that are not WGSL.
 */
export async function readyStudy(study: Study, onPrepared?: (prepared: Prepared) => void): Promise<ReadyStudy> {
  const kernel = await studyKernel(study.kernel);
  const { sizes, constants } = study;
  const usual = studies.prepare(kernel, { sizes, constants });
  const files = filesOf(usual.shader);
  const prepared = preparedOf(usual, files, usual.dispatch.workgroups);
  onPrepared?.(prepared);

  const hasEdits = isEdited(study);
  const changed = files.map(({ name, text }) => ({ name, text: study.edits[name] ?? text }));
  const shader = hasEdits ? joinFiles(changed) : usual.shader;
  const dispatch = hasEdits ? kernel.dispatch(usual.sizes, (name) => constantIn(shader, name)) : usual.dispatch;
  const joined = { code: shader.code, lines: shader.lines.map(({ file, line }) => ({ file, line })) };
  const inputs = inputsOf(dispatch, study.seed);
  const { program, entry } = located(joined, () => {
    const checked = checkProgram(joined.code);
    return { program: checked, entry: entryOf(checked, undefined) };
  });
  const buffers = () => buffersOf(entry, dispatch, inputs);
  const own = preparedOf(usual, files, dispatch.workgroups);
  return { study, usual, prepared: own, shader, joined, program, entry, inputs, buffers };
}

function preparedOf(
  { kernel, sizes, dispatch }: studies.Prepared,
  files: Prepared["files"],
  workgroups: Prepared["workgroups"],
): Prepared {
  const fields = Object.entries(kernel.sizes).map(([name, { meaning, usual }]) => ({
    name,
    meaning,
    value: sizes[name] ?? usual,
  }));
  const axes = Object.assign({}, ...Object.values(dispatch.uniforms), sizes) as Record<string, number>;
  return { files, sizes: fields, workgroups, axes };
}

/** The value of an integer constant of a text. Throws OptionError if it has no such constant. */
export function constantIn({ name, declarations }: Shader, constant: string): number {
  const value = evaluate(constant, declarations.constants);
  if (value === undefined) throw new OptionError(`${name}: the dispatch needs the integer constant ${constant}`);
  return value;
}

/** The result of work on the joined text. Throws `TextError` in the place of a `WgslError`. */
export function located<T>({ code, lines }: Joined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof WgslError)) throw error;
    throw new TextError(
      error.message.replace(/^line \d+: /, ""),
      lines[code.slice(0, error.at).split("\n").length - 1],
    );
  }
}

/** What the reader sees of an error, with its line if it is one of the text. */
export function problemOf(error: unknown): Problem {
  const message = words(error);
  if (error instanceof TextError) return { message, place: error.place };
  if (error instanceof ShaderError && error.line > 0) {
    const [first = message] = message.split("\n");
    return { message: first.replace(/^\S+:\d+: /, ""), place: { file: error.file, line: error.line } };
  }
  return { message, place: undefined };
}
