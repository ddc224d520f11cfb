import { type OnnxAttribute, onnxModel } from "../../../harness/onnx.ts";

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
  /** Names in the operator's order; "" for an omitted one. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Inputs of the model: those of the operator that are not constants. */
  readonly given: readonly Value[];
  readonly results: readonly Value[];
  readonly constants?: readonly Constant[];
  /** "" for ONNX's own operators. */
  readonly domain?: string;
}

/** The bytes of a model of one operator. */
export function operatorModel(model: OperatorModel): Uint8Array<ArrayBuffer> {
  const { operator, inputs, outputs, attributes, given, results, constants = [], domain } = model;
  const value = ([name, shape]: Value) => ({ name, type: "float32", shape }) as const;
  return onnxModel({
    name: operator,
    nodes: [{ operator, domain, inputs, outputs, attributes }],
    constants: constants.map(({ name, shape, values }) => ({ name, type: "int32", shape, elements: values })),
    inputs: given.map(value),
    outputs: results.map(value),
  });
}
