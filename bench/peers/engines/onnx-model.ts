// The bytes of an ONNX model of one operator. ONNX files are protocol buffers (onnx.proto3): only the fields that such
// a model needs are written here, by number.

/** An input or output tensor: `[name, shape]`; the type is float32. */
export type Value = readonly [name: string, shape: readonly number[]];

/** A constant of int32 numbers. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One operator with its inputs, outputs and attributes. */
export interface OperatorModel {
  readonly operator: string;
  /** Names in the operator's order; "" for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
  /** Inputs of the model: those of the operator that are not constants. */
  readonly given: readonly Value[];
  readonly results: readonly Value[];
  readonly constants?: readonly Constant[];
  /** "" for ONNX's own operators. */
  readonly domain?: string;
}

const types = { float32: 1, int32: 6 } as const;
const attributeInt = 2;

/** A model that ONNX Runtime loads: IR version 8, operators of ONNX 17 and of `com.microsoft` 1. */
export function operatorModel(model: OperatorModel): Uint8Array<ArrayBuffer> {
  const { operator, inputs, outputs, attributes = {}, given, results, constants = [], domain = "" } = model;
  const node = [
    ...inputs.flatMap((name) => text(1, name)),
    ...outputs.flatMap((name) => text(2, name)),
    ...text(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      message(5, [...text(1, name), ...int(3, value), ...int(20, attributeInt)]),
    ),
    ...text(7, domain),
  ];
  const graph = [
    ...message(1, node),
    ...text(2, operator),
    ...constants.flatMap((constant) => message(5, tensor(constant))),
    ...given.flatMap((value) => message(11, valueInfo(value))),
    ...results.flatMap((value) => message(12, valueInfo(value))),
  ];
  const operatorSet = (name: string, version: number) => message(8, [...text(1, name), ...int(2, version)]);
  return Uint8Array.from([
    ...int(1, 8),
    ...message(7, graph),
    ...operatorSet("", 17),
    ...operatorSet("com.microsoft", 1),
  ]);
}

/** TensorProto: dims, data_type, int32_data, name. */
const tensor = ({ name, shape, values }: Constant): number[] => [
  ...shape.flatMap((length) => int(1, length)),
  ...int(2, types.int32),
  ...message(5, values.flatMap(varint)),
  ...text(8, name),
];

/** ValueInfoProto: a name, and a tensor type of an element type and a shape. */
function valueInfo([name, shape]: Value): number[] {
  const dimensions = shape.flatMap((length) => message(1, int(1, length)));
  const type = message(1, [...int(1, types.float32), ...message(2, dimensions)]);
  return [...text(1, name), ...message(2, type)];
}

/** A field of wire type 0. */
const int = (field: number, value: number): number[] => [...varint(field << 3), ...varint(value)];

/** A field of wire type 2. */
const message = (field: number, bytes: readonly number[]): number[] => [
  ...varint((field << 3) | 2),
  ...varint(bytes.length),
  ...bytes,
];

const text = (field: number, value: string): number[] => message(field, [...new TextEncoder().encode(value)]);

/** A varint: seven bits per byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
