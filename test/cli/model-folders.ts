import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundledModel } from "../support/bundled.ts";

/** A parsed safetensors header: tensors by name. */
export type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

const files = ["config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"];
const weightsFile = "model.safetensors";

/** A copy of the bundled model to break. Its weights are the original's until they are changed. */
export class ModelFolder {
  readonly path = mkdtempSync(join(tmpdir(), "shaderformer-cli-"));

  constructor() {
    for (const file of files) copyFileSync(join(bundledModel, file), join(this.path, file));
    symlinkSync(resolve(bundledModel, weightsFile), join(this.path, weightsFile));
  }

  remove(file: string): void {
    rmSync(join(this.path, file));
  }

  write(file: string, content: string | Uint8Array): void {
    rmSync(join(this.path, file), { force: true }); // or it would be written through a link
    writeFileSync(join(this.path, file), content);
  }

  /** Changes fields of a JSON file. */
  json(file: string, change: (value: Record<string, unknown>) => void): void {
    const value = JSON.parse(readFileSync(join(this.path, file), "utf8")) as Record<string, unknown>;
    change(value);
    this.write(file, JSON.stringify(value));
  }

  /** Changes the bytes of the weights, in place or by giving others. */
  bytes(change: (bytes: Buffer) => Uint8Array | undefined): void {
    const bytes = readFileSync(join(this.path, weightsFile));
    this.write(weightsFile, change(bytes) ?? bytes);
  }

  /** Changes the header of the weights; the tensors' data stay where they are. */
  header(change: (header: Header) => void): void {
    this.bytes((bytes) => {
      const { header, data } = split(bytes);
      change(header);
      const text = Buffer.from(JSON.stringify(header));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      return Buffer.concat([length, text, data]);
    });
  }

  /** Sets one f16 element of a tensor to these 16 bits. */
  element(tensor: string, index: number, bits: number): void {
    this.bytes((bytes) => {
      const { header, data } = split(bytes);
      const [begin = 0] = header[tensor]?.data_offsets ?? [];
      data.writeUInt16LE(bits, begin + 2 * index);
      return undefined;
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function split(bytes: Buffer): { header: Header; data: Buffer } {
  const end = 8 + Number(bytes.readBigUInt64LE());
  return { header: JSON.parse(bytes.toString("utf8", 8, end)) as Header, data: bytes.subarray(end) };
}
