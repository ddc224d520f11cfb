import type { GgufScalar, GgufValue } from "./header.ts";
import { defaultAlignment, padded, type ScalarType, scalarBytes, type TensorType, valueTypes } from "./types.ts";

/** A tensor to be written. */
export interface NewTensor {
  readonly name: string;
  readonly type: TensorType;
  /** Outermost axis first. */
  readonly shape: readonly number[];
}

/** Bytes that a tensor takes in a file. */
export function tensorBytes({ type, shape }: NewTensor): number {
  return (shape.reduce((product, extent) => product * extent, 1) / type.elements) * type.bytes;
}

/** Padding bytes after a tensor. */
export const paddingAfter = (tensor: NewTensor): number =>
  padded(tensorBytes(tensor), defaultAlignment) - tensorBytes(tensor);

type Write = (view: DataView, value: GgufScalar) => void;

const writers: Readonly<Record<ScalarType, Write>> = {
  u8: (view, value) => view.setUint8(0, Number(value)),
  i8: (view, value) => view.setInt8(0, Number(value)),
  u16: (view, value) => view.setUint16(0, Number(value), true),
  i16: (view, value) => view.setInt16(0, Number(value), true),
  u32: (view, value) => view.setUint32(0, Number(value), true),
  i32: (view, value) => view.setInt32(0, Number(value), true),
  f32: (view, value) => view.setFloat32(0, Number(value), true),
  bool: (view, value) => view.setUint8(0, value === true ? 1 : 0),
  u64: (view, value) => view.setBigUint64(0, BigInt(value), true),
  i64: (view, value) => view.setBigInt64(0, BigInt(value), true),
  f64: (view, value) => view.setFloat64(0, Number(value), true),
};

/** Bytes appended in order. */
interface Sink {
  scalar(type: ScalarType, value: GgufScalar): void;
  string(text: string): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

function makeSink(): Sink {
  let held = new Uint8Array(1 << 16);
  let at = 0;
  const room = (count: number): DataView => {
    if (at + count > held.length) {
      const larger = new Uint8Array(Math.max(2 * held.length, at + count));
      larger.set(held);
      held = larger;
    }
    const view = new DataView(held.buffer, at, count);
    at += count;
    return view;
  };
  const scalar = (type: ScalarType, value: GgufScalar) => writers[type](room(scalarBytes[type]), value);
  return {
    scalar,
    string(text) {
      const bytes = new TextEncoder().encode(text);
      scalar("u64", bytes.length);
      const begin = at;
      room(bytes.length);
      held.set(bytes, begin);
    },
    bytes: () => held.slice(0, at),
  };
}

function writeValue(sink: Sink, { type, of, value }: GgufValue): void {
  sink.scalar("u32", valueTypes.indexOf(type));
  const one = (scalar: GgufValue["type"], entry: GgufScalar) => {
    if (scalar === "string") sink.string(String(entry));
    else if (scalar !== "array") sink.scalar(scalar, entry);
  };
  if (!Array.isArray(value)) {
    one(type, value as GgufScalar);
    return;
  }
  const entries = of ?? "string";
  sink.scalar("u32", valueTypes.indexOf(entries));
  sink.scalar("u64", value.length);
  for (const entry of value as readonly GgufScalar[]) one(entries, entry);
}

/**
 * The header of a GGUF file of version 3, with the padding up to the first tensor's bytes. These follow in the order
 * given, each with `paddingAfter` zeros after it.
 */
export function writeGgufHeader(
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly NewTensor[],
): Uint8Array<ArrayBuffer> {
  const sink = makeSink();
  for (const byte of new TextEncoder().encode("GGUF")) sink.scalar("u8", byte);
  sink.scalar("u32", 3);
  sink.scalar("u64", tensors.length);
  sink.scalar("u64", metadata.size);
  for (const [key, value] of metadata) {
    sink.string(key);
    writeValue(sink, value);
  }
  let offset = 0;
  for (const tensor of tensors) {
    sink.string(tensor.name);
    sink.scalar("u32", tensor.shape.length);
    for (const extent of tensor.shape.toReversed()) sink.scalar("u64", extent);
    sink.scalar("u32", tensor.type.id);
    sink.scalar("u64", offset);
    offset += tensorBytes(tensor) + paddingAfter(tensor);
  }
  const header = sink.bytes();
  const whole = new Uint8Array(padded(header.length, defaultAlignment));
  whole.set(header);
  return whole;
}
