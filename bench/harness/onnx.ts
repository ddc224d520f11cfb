// The bytes of ONNX models. ONNX files are protocol buffers (onnx.proto3): the fields that graphs of operators need are
// written here, by number.

/** Element types, by ONNX's numbers of them. */
const types = { float32: 1, int32: 6, int64: 7, float16: 10 } as const;

export type OnnxType = keyof typeof types;

/** The number of a type, for attributes such as `to` of `Cast`. */
export const onnxType = (type: OnnxType): number => types[type];

/** An input or output tensor; a string as length is a variable of that name. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

/** A constant: int32 numbers, or the little-endian bytes of elements. */
export interface OnnxConstant {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly elements: readonly number[] | Uint8Array;
}

/** An attribute: an integer, several, or a number of single precision. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number };

/** An operator with the names of its inputs and outputs; "" for an omitted one. */
export interface OnnxNode {
  readonly operator: string;
  /** Default: ONNX's own operators. */
  readonly domain?: string | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>> | undefined;
}

/** A graph of operators. */
export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A model that ONNX Runtime loads: IR version 8, operators of ONNX 17 and of `com.microsoft` 1. */
export function onnxModel({ name, nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph = [
    ...nodes.map((node) => message(1, nodeOf(node))),
    text(2, name),
    ...constants.map((constant) => message(5, tensorOf(constant))),
    ...inputs.map((value) => message(11, valueInfo(value))),
    ...outputs.map((value) => message(12, valueInfo(value))),
  ];
  const operators = (domain: string, version: number) => message(8, [text(1, domain), int(2, version)]);
  return joined([int(1, 8), message(7, graph), operators("", 17), operators("com.microsoft", 1)]);
}

/** NodeProto: input, output, op_type, attribute, domain. */
const nodeOf = ({ operator, domain = "", inputs, outputs, attributes = {} }: OnnxNode): Uint8Array[] => [
  ...inputs.map((input) => text(1, input)),
  ...outputs.map((output) => text(2, output)),
  text(4, operator),
  ...Object.entries(attributes).map(([name, value]) => message(5, [text(1, name), ...attributeOf(value)])),
  text(7, domain),
];

/** AttributeProto after its name: f, i or ints, then type. */
function attributeOf(value: OnnxAttribute): Uint8Array[] {
  if (typeof value === "number") return [int(3, value), int(20, 2)];
  if ("float" in value) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value.float, true);
    return [Uint8Array.of((2 << 3) | 5), bytes, int(20, 1)];
  }
  return [...value.map((one) => int(8, one)), int(20, 7)];
}

/** TensorProto: dims, data_type, then int32_data or raw_data, and its name. */
function tensorOf({ name, type, shape, elements }: OnnxConstant): Uint8Array[] {
  const head = [...shape.map((length) => int(1, length)), int(2, types[type])];
  if (elements instanceof Uint8Array) return [...head, text(8, name), message(9, [elements])];
  if (type !== "int32") throw new RangeError(`${name}: numbers are int32; elements of type ${type} are given as bytes`);
  return [...head, message(5, elements.map(varint)), text(8, name)];
}

/** ValueInfoProto: a name, and a tensor type of an element type and a shape. */
function valueInfo({ name, type, shape }: OnnxValue): Uint8Array[] {
  const lengths = shape.map((length) => message(1, [typeof length === "number" ? int(1, length) : text(2, length)]));
  return [text(1, name), message(2, [message(1, [int(1, types[type]), message(2, lengths)])])];
}

/** A field of wire type 0. */
const int = (field: number, value: number): Uint8Array => joined([varint(field << 3), varint(value)]);

/** A field of wire type 2. */
function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return joined([varint((field << 3) | 2), varint(length), ...parts]);
}

const text = (field: number, value: string): Uint8Array => message(field, [new TextEncoder().encode(value)]);

/** A varint: seven bits per byte, the lowest first; a negative one as its two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
