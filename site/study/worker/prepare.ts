// From a kernel's name and the reader's choices to a text and its buffers.
import { ShaderError } from "../../../src/gpu/errors.ts";
import { evaluate } from "../../../src/gpu/shader/constant-expression.ts";
import type { Shader } from "../../../src/gpu/shader/specialise.ts";
import { OptionError } from "../../../src/options/errors.ts";
import { buffersOf } from "../../../src/study/buffers.ts";
import { type Dispatch, type Inputs, inputsOf } from "../../../src/study/dispatch.ts";
import * as studies from "../../../src/study/kernel.ts";
import { studyKernel } from "../../../src/study/kernels.ts";
import { WgslError } from "../../../src/wgsl/error.ts";
import { entryOf } from "../../../src/wgsl/run/bindings.ts";
import { checkProgram } from "../../../src/wgsl/run/check/program.ts";
import type { EntryPoint, Program, Variable } from "../../../src/wgsl/run/program.ts";
import { words } from "../../shell/trouble/sentence.ts";
import { boundBy, ownText, uniformNumbers } from "../own/bound.ts";
import { ownKernel } from "../own/given.ts";
import { type FileLine, isEdited, type Joined, type Prepared, type Problem, type Study } from "./protocol.ts";
import { filesOf, joinFiles } from "./source.ts";

/** A study that can run. */
export interface ReadyStudy {
  readonly study: Study;
  /** The kernel as it is in the repository, on these sizes. */
  readonly usual: studies.Prepared;
  readonly prepared: Prepared;
  /** The integer constants of the text that runs, which the kernel's record may ask for. */
  readonly value: studies.ValueOf;
  readonly joined: Joined;
  readonly program: Program;
  readonly entry: EntryPoint;
  readonly inputs: Inputs;
  /** What buffers hold before the run, made anew at each call. */
  readonly buffers: () => Map<Variable, ArrayBuffer>;
}

/** A problem of a text, with its line, or of the reader's buffers. */
class TextError extends Error {
  readonly place: FileLine | undefined;
  readonly isOfBuffers: boolean;
  constructor(message: string, place: FileLine | undefined, isOfBuffers = false) {
    super(message);
    this.place = place;
    this.isOfBuffers = isOfBuffers;
  }
}

/**
 * Fetches the kernel and makes its text and buffers; `onPrepared` is called with its files before the reader's changes to
 * them are read. Throws for an unknown kernel, choices that it does not take, and texts that are not WGSL.
 */
export async function readyStudy(study: Study, onPrepared?: (prepared: Prepared) => void): Promise<ReadyStudy> {
  const kernel = study.kernel === ownKernel ? ownText : await studyKernel(study.kernel);
  const { sizes, constants, own } = study;
  const usual = studies.prepare(kernel, { sizes, constants });
  const files = filesOf(usual.shader);
  onPrepared?.(preparedOf(usual, files, usual.dispatch));

  const { joined, shader } = textOf(study, usual, files);
  const value = (constant: string) => constantIn(shader, constant);
  const { program, entry } = located(joined, () => {
    const checked = checkProgram(joined.code);
    return { program: checked, entry: entryOf(checked, own?.entry) };
  });
  const ready = { study, usual, value, joined, program, entry };
  if (own) {
    const given = ofBuffers(() => located(joined, () => boundBy(own, program, entry)));
    const buffers = () => new Map([...given].map(([variable, bytes]) => [variable, bytes.slice(0)]));
    const uniforms = { own: uniformNumbers(given) };
    const prepared = preparedOf(usual, files, { uniforms, workgroups: own.workgroups });
    return Object.assign(ready, { prepared, inputs: {}, buffers });
  }
  const dispatch = isEdited(study) ? kernel.dispatch(usual.sizes, value) : usual.dispatch;
  const inputs = inputsOf(dispatch, study.seed);
  const buffers = () => buffersOf(entry, dispatch, inputs);
  return Object.assign(ready, { prepared: preparedOf(usual, files, dispatch), inputs, buffers });
}

/** The text that runs. That of a kernel which is the reader's as a whole is not joined, and may have any form. */
function textOf(study: Study, { shader: usual }: studies.Prepared, files: Prepared["files"]) {
  const changed = files.map(({ name, text }) => ({ name, text: study.edits[name] ?? text }));
  const [{ name: file, text: code } = { name: ownKernel, text: "" }] = changed;
  if (study.kernel === ownKernel) {
    const joined: Joined = { code, lines: code.split("\n").map((_, i) => ({ file, line: i + 1 })) };
    return { joined, shader: usual };
  }
  const shader = isEdited(study) ? joinFiles(changed) : usual;
  const joined: Joined = { code: shader.code, lines: shader.lines.map((at) => ({ file: at.file, line: at.line })) };
  return { joined, shader };
}

/** The result of work on the reader's buffers, whose errors are said to be of those. */
function ofBuffers<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new TextError(words(error), error instanceof TextError ? error.place : undefined, true);
  }
}

function preparedOf(
  { kernel, sizes }: studies.Prepared,
  files: Prepared["files"],
  { uniforms, workgroups }: Pick<Dispatch, "uniforms" | "workgroups">,
): Prepared {
  const fields = Object.entries(kernel.sizes).map(([name, { meaning, usual }]) => ({
    name,
    meaning,
    value: sizes[name] ?? usual,
  }));
  const axes = Object.assign({}, ...Object.values(uniforms), sizes) as Record<string, number>;
  return { files, sizes: fields, workgroups, axes };
}

/** The value of an integer constant of a text. Throws OptionError if it has no such constant. */
function constantIn({ name, declarations }: Shader, constant: string): number {
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
  if (error instanceof TextError) return { message, place: error.place, isOfBuffers: error.isOfBuffers };
  if (error instanceof ShaderError && error.line > 0) {
    const [first = message] = message.split("\n");
    return { message: first.replace(/^\S+:\d+: /, ""), place: { file: error.file, line: error.line } };
  }
  return { message, place: undefined };
}
