/** A tensor of the package, in f32. */
export interface UseLiteTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}
/** The model of the installed package: settings, tokenizer and tensors in f32, matrices [out, in]. */
export function convertUseLite(): {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly tensors: Readonly<Record<string, UseLiteTensor>>;
};
/** Writes the model's files into a folder, with weights of this type. Needs a build. */
export function writeUseLite(folder: string, dtype: "f16" | "f32"): Promise<void>;
