// The tensors of a folder: those of a checkpoint, but experts as transformers has them.
import { FormatError } from "../formats/format-error.ts";
import { type Grouped, withGroups } from "../formats/grouped.ts";
import type { StoredTensor } from "../formats/safetensors.ts";
import type { Weights } from "../formats/weights.ts";
import { encode } from "../tensor/dtype.ts";
import { storedNumbers } from "./stored-numbers.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A tensor of a folder, made of those of a checkpoint one after another. */
export interface FolderTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly StoredTensor[];
}

/** What a folder is written of. */
export interface FolderTensors {
  readonly tensors: readonly FolderTensor[];
  /** Reads the parts. */
  readonly weights: Weights;
}

/** Architectures whose experts are stacks of transposed matrices, gates and ups in alternating columns. */
const stacked: ReadonlySet<string> = new Set(["GptOssForCausalLM"]);

/** Matrices `[out, in]` as f16 `[in, out of all]`, whose columns are in turn those of each. */
function columnsOf(name: string, matrices: readonly StoredTensor[]): readonly [StoredTensor, Grouped] {
  const [first] = matrices;
  const [out = 0, input = 0] = first?.shape ?? [];
  const [all, begin] = [matrices.length * out, first?.begin ?? 0];
  const make = (sources: readonly Bytes[]) => {
    const numbers = new Float64Array(input * all);
    for (const [which, bytes] of sources.entries()) {
      const own = storedNumbers(matrices[which] as StoredTensor, bytes);
      for (let row = 0; row < out; row++) {
        const column = row * matrices.length + which;
        for (let i = 0; i < input; i++) numbers[i * all + column] = own[row * input + i] ?? 0;
      }
    }
    const { buffer, byteOffset, byteLength } = encode("f16", numbers);
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  };
  const { file = "" } = first ?? {};
  const tensor = { name, file, dtype: "F16", shape: [input, all], begin, end: begin + 2 * input * all };
  return [tensor, { groups: 1, sources: matrices, make }];
}

/** The tensors that a folder of an architecture has of weights whose experts are apart. */
export function folderTensors(weights: Weights, architecture: string): FolderTensors {
  const tensors = new Map<string, FolderTensor>();
  const experts = new Map<string, Map<string, StoredTensor>>();
  for (const [name, tensor] of weights.tensors) {
    const [, base = "", expert, which = ""] = /^(.+\.experts)\.(\d+)\.(gate|up|down)_proj\.weight$/.exec(name) ?? [];
    if (expert === undefined || !stacked.has(architecture)) {
      tensors.set(name, { name, shape: tensor.shape, parts: [tensor] });
      continue;
    }
    const own = experts.get(base) ?? new Map<string, StoredTensor>();
    own.set(`${expert}.${which}`, tensor);
    experts.set(base, own);
  }
  const made = new Map<StoredTensor, Grouped>();
  for (const [base, own] of experts) {
    const count = own.size / 3;
    for (const [name, projections] of [
      ["gate_up_proj", ["gate", "up"]],
      ["down_proj", ["down"]],
    ] as const) {
      const parts = Array.from({ length: count }, (_, expert) => {
        const matrices = projections.map((which) => {
          const found = own.get(`${expert}.${which}`);
          if (found) return found;
          throw new FormatError(weights.file, "is missing", { field: `${base}.${expert}.${which}_proj.weight` });
        });
        const [part, grouped] = columnsOf(`${base}.${name}`, matrices);
        made.set(part, grouped);
        return part;
      });
      tensors.set(`${base}.${name}`, {
        name: `${base}.${name}`,
        shape: [parts.length, ...(parts[0]?.shape ?? [])],
        parts,
      });
    }
  }
  return { tensors: [...tensors.values()], weights: withGroups(weights, made) };
}
