import type { GgufValue } from "../../src/formats/gguf/header.ts";
import { tensorTypeNamed } from "../../src/formats/gguf/types.ts";
import { type NewTensor, paddingAfter, tensorBytes, writeGgufHeader } from "../../src/formats/gguf/write.ts";

/** A tensor of a file that a test writes: its bytes count up unless they are given. */
export interface TestTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes?: Uint8Array;
}

/** The bytes of a GGUF file. */
export function ggufFile(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly TestTensor[],
): Uint8Array<ArrayBuffer> {
  const listed: NewTensor[] = tensors.map(({ name, type, shape }) => ({ name, type: tensorTypeNamed(type), shape }));
  const pieces: Uint8Array[] = [writeGgufHeader(new Map(Object.entries(metadata)), listed)];
  for (const [i, tensor] of listed.entries()) {
    const size = tensorBytes(tensor);
    pieces.push(tensors[i]?.bytes ?? Uint8Array.from({ length: size }, (_, at) => at % 7));
    pieces.push(new Uint8Array(paddingAfter(tensor)));
  }
  const file = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

export const u32 = (value: number): GgufValue => ({ type: "u32", value });
export const text = (value: string): GgufValue => ({ type: "string", value });
export const texts = (value: readonly string[]): GgufValue => ({ type: "array", of: "string", value });
