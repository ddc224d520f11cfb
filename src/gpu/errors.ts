/** Something the device could not do: no adapter, a lost device, memory that could not be had, a limit exceeded. */
export class GpuError extends Error {
  override readonly name = "GpuError";
}

/** A shader that does not compile or does not fit its definition: our mistake, or that of whoever wrote the WGSL. */
export class ShaderError extends Error {
  override readonly name = "ShaderError";
  /** File (or part) in which the first error is, for example `norm/rms-norm`. */
  readonly file: string;
  /** Line in that file, counted from 1; 0 when the error has no line. */
  readonly line: number;
  constructor(message: string, file: string, line = 0) {
    super(message);
    this.file = file;
    this.line = line;
  }
}
