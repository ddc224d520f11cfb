import { readFileSync } from "node:fs";
import { openFolder } from "../../src/formats/folder.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { elementsOf } from "../../src/tensor/dtype.ts";
import type { WrittenTensor } from "../support/models/safetensors.ts";
import type { Written } from "./mixtral-checkpoint.ts";

/** Members of the Llama family that have experts and golden data, by their folders. */
export type MoeMember = "qwen2-moe" | "qwen3-moe" | "olmoe";

const folderOf = (member: MoeMember) => `test/golden/${member}`;

/** The config of a member's golden data. */
export const configOf = (member: MoeMember): Readonly<Record<string, unknown>> =>
  JSON.parse(readFileSync(`${folderOf(member)}/config.json`, "utf8"));

/** The tensors of a member's golden data, to be changed. */
export async function tensorsOf(member: MoeMember): Promise<Written> {
  const weights = await openWeights(await openFolder(folderOf(member)));
  const entries = [...weights.tensors.values()].map(async (tensor) => {
    const { name, shape, begin, end } = tensor;
    const bytes = await weights.read(tensor, 0, end - begin);
    const elements = elementsOf("f32", bytes.buffer, bytes.byteOffset, (end - begin) / 4);
    return [name, { shape, dtype: "f32", elements }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The same checkpoint with one tensor for the gates and ups of a layer's experts, and one for their downs. */
export function fused(tensors: Written): Written {
  const experts = /^(.*\.mlp\.experts)\.(\d+)\.(gate|up|down)_proj\.weight$/;
  const out: Written = Object.fromEntries(Object.entries(tensors).filter(([name]) => !experts.test(name)));
  const prefixes = new Set(Object.keys(tensors).flatMap((name) => experts.exec(name)?.[1] ?? []));
  for (const at of prefixes) {
    const of = (which: string) => (_: unknown, e: number) =>
      tensors[`${at}.${e}.${which}_proj.weight`] as WrittenTensor;
    const count = Object.keys(tensors).filter((name) => name.startsWith(`${at}.`) && name.includes(".up_")).length;
    const [gates, ups, downs] = ["gate", "up", "down"].map((which) => Array.from({ length: count }, of(which)));
    const rows = (list: readonly WrittenTensor[]) => Float32Array.from(list.flatMap(({ elements }) => [...elements]));
    const [hidden = 0, width = 0] = gates?.[0]?.shape ?? [];
    const both = (gates ?? []).flatMap((gate, e) => [gate, ups?.[e] ?? gate]);
    out[`${at}.gate_up_proj`] = { shape: [count, 2 * hidden, width], dtype: "f32", elements: rows(both) };
    out[`${at}.down_proj`] = { shape: [count, width, hidden], dtype: "f32", elements: rows(downs ?? []) };
  }
  return out;
}
