import type { Limits } from "../device/limits.ts";
import { excerpt, GpuError, ShaderError } from "../errors.ts";
import type { BindingDeclaration } from "./shader-module.ts";
import type { Shader } from "./specialise.ts";

/** A compiled shader with the layouts of its bind groups. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  /** One layout per group, from 0; groups that a shader skips have an empty one. */
  readonly layouts: readonly GPUBindGroupLayout[];
}

/** Pipelines by their shader's text, each compiled once, asynchronously. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #limits: Limits;
  readonly #explain: (cause: unknown) => Promise<unknown>;
  readonly #ready = new Map<string, Pipeline>();
  readonly #pending = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** Names of the shaders that were asked for since this was last cleared. */
  readonly used = new Set<string>();

  /** `explain` returns the error to throw for one of WebGPU's. */
  constructor(device: GPUDevice, limits: Limits, explain: (cause: unknown) => Promise<unknown>) {
    this.#device = device;
    this.#limits = limits;
    this.#explain = explain;
  }

  /** Pipelines compiled so far. */
  get count(): number {
    return this.#ready.size;
  }

  /** The pipeline of `shader`, if it is compiled. */
  get(shader: Shader): Pipeline | undefined {
    this.used.add(shader.name);
    return this.#ready.get(shader.code);
  }

  /** Compiles `shader` unless it is compiled already. Throws `ShaderError` with the lines around the error. */
  compile(shader: Shader): Promise<Pipeline> {
    this.used.add(shader.name);
    const ready = this.#ready.get(shader.code);
    if (ready) return Promise.resolve(ready);
    let pending = this.#pending.get(shader.code);
    if (!pending) {
      pending = this.#create(shader).then(
        (pipeline) => {
          this.#ready.set(shader.code, pipeline);
          this.#pending.delete(shader.code);
          return pipeline;
        },
        (error) => {
          this.#pending.delete(shader.code);
          throw error;
        },
      );
      this.#pending.set(shader.code, pending);
    }
    return pending;
  }

  async #create(shader: Shader): Promise<Pipeline> {
    this.#checkLimits(shader);
    const device = this.#device;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: shader.name, code: shader.code });
    const moduleScope = device.popErrorScope();
    const info = await module.getCompilationInfo();
    const errors = info.messages.filter((message) => message.type === "error");
    if (errors.length > 0) {
      const error = compileError(shader, errors);
      throw error.line > 0 ? error : await this.#explain(error); // the shader is not at fault where it names no line
    }
    await this.#throwProblem(shader, moduleScope);

    device.pushErrorScope("validation");
    const { bindings } = shader.declarations;
    const groups = 1 + Math.max(-1, ...bindings.map(({ group }) => group));
    const layouts = Array.from({ length: groups }, (_, group) =>
      this.#layout(bindings.filter((binding) => binding.group === group)),
    );
    const layout = device.createPipelineLayout({ label: shader.name, bindGroupLayouts: [...layouts] });
    await this.#throwProblem(shader, device.popErrorScope());
    try {
      const compute = { module, entryPoint: "main" };
      const pipeline = await device.createComputePipelineAsync({ label: shader.name, layout, compute });
      return { pipeline, layouts };
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      const error = new ShaderError(`${shader.name}: the pipeline could not be made: ${message}`, shader.name);
      throw await this.#explain(error);
    }
  }

  async #throwProblem(shader: Shader, scope: Promise<GPUError | null>): Promise<void> {
    const problem = await scope.catch(() => null); // the device is lost, which is reported when the pipeline is used
    if (problem) throw await this.#explain(new ShaderError(`${shader.name}: ${problem.message}`, shader.name));
  }

  #layout(bindings: readonly BindingDeclaration[]): GPUBindGroupLayout {
    const key = bindings.map(({ binding, space, access }) => `${binding} ${space} ${access}`).join(", ");
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({
        label: key,
        entries: bindings.map(({ binding, space, access }) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: space === "uniform" ? "uniform" : access === "read" ? "read-only-storage" : "storage" },
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  #checkLimits(shader: Shader): void {
    const { workgroupSize, workgroupBytes, bindings } = shader.declarations;
    const limits = this.#limits;
    const threads = workgroupSize[0] * workgroupSize[1] * workgroupSize[2];
    if (threads > limits.invocations) {
      throw new GpuError(`${shader.name}: ${threads} threads in a workgroup, this device takes ${limits.invocations}`);
    }
    if (workgroupBytes !== undefined && workgroupBytes > limits.workgroupBytes) {
      throw new GpuError(
        `${shader.name}: ${workgroupBytes} bytes of workgroup memory, this device has ${limits.workgroupBytes}`,
      );
    }
    const storageBuffers = bindings.filter(({ space }) => space === "storage").length;
    if (storageBuffers > limits.storageBuffers) {
      throw new GpuError(
        `${shader.name}: ${storageBuffers} storage buffers, this device takes ${limits.storageBuffers}`,
      );
    }
  }
}

/** The first error of a compilation, with its file, three source lines and a caret. */
export function compileError(shader: Shader, errors: readonly GPUCompilationMessage[]): ShaderError {
  const first = errors[0];
  const found = first ? placedMessage(first, shader.code) : { message: "does not compile", row: -1, column: 0 };
  const { message, row, column } = found;
  const more = errors.length > 1 ? `\n(and ${errors.length - 1} more)` : "";
  const place = shader.lines[row];
  if (!place) return new ShaderError(`${shader.name}: ${message}${more}`, shader.name);
  const text = shader.code.split("\n");
  const { file, line, renamed = "" } = place;
  const plain = (written: string) => (renamed === "" ? written : written.replaceAll(renamed, ""));
  const before = plain((text[row] ?? "").slice(0, column));
  const shown = excerpt(row, before.length, (i) => {
    const from = shader.lines[i];
    return from?.file === file ? { line: from.line, text: plain(text[i] ?? "") } : undefined;
  });
  return new ShaderError(`${file}:${line}: ${plain(message)}\n${shown}${more}`, file, line);
}

/** A compiler's message on one line, and the line and column that it points to, both counted from 0. */
interface PlacedMessage {
  readonly message: string;
  readonly row: number;
  readonly column: number;
}

/**
 * A compiler's message and its position. naga, the compiler of wgpu, quotes the marked source lines in its message. For
 * errors found after parsing it reports the position of the function: only the quoted lines mark the expression.
 */
export function placedMessage(
  { message, lineNum, linePos }: { readonly message: string; readonly lineNum: number; readonly linePos: number },
  code: string,
): PlacedMessage {
  const given = { row: lineNum - 1, column: linePos - 1 };
  const [said = "", drawing] = message.split(/^\s*┌─.*$/m);
  if (drawing === undefined) return { message, ...given };
  const notes = [...drawing.matchAll(/^ *= (?!note:)(.*)$/gm)].map(([, note]) => note);
  const what = said.trim().replace(/^Shader (?:'[^\n]*?' parsing|validation) error: /, "");
  return { message: [what, ...notes].join(": "), ...(lineNum > 0 ? (expressionIn(drawing, code) ?? given) : given) };
}

/** The position of the first marked span that is smaller than a function, if any. */
function expressionIn(drawing: string, code: string): { row: number; column: number } | undefined {
  if (!/\^ naga::ir::Function/.test(drawing)) return undefined;
  const lines = code.split("\n");
  let [row, shown] = [-1, ""];
  for (const line of drawing.split("\n")) {
    const [, number] = /^ *(\d+) │/.exec(line) ?? [];
    if (number !== undefined) [row, shown] = [Number(number) - 1, line];
    else if (/\^ naga::ir::(?!Function)/.test(line)) {
      const text = lines[row] ?? "";
      // A tab is printed as several spaces, so columns are counted from the first character of the text.
      const begin = shown.lastIndexOf(text.trim());
      return { row, column: line.indexOf("^") - begin + text.length - text.trimStart().length };
    }
  }
  return undefined;
}
