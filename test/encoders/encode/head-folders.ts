import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { FileSource } from "../../../src/formats/source.ts";
import { memorySource, safetensors, type TensorToWrite } from "../../formats/checkpoint-bytes.ts";
import { encoderFolder } from "./golden-encoders.ts";

const classNames: Readonly<Record<string, string>> = {
  bert: "Bert",
  roberta: "Roberta",
  distilbert: "DistilBert",
  mpnet: "MPNet",
  modernbert: "ModernBert",
  new: "New",
};

/** The `architectures` of a model with this head: `ForMaskedLM`. */
export const architecture = (name: string, suffix: string) => [`${classNames[name]}${suffix}`];

/** What a folder is to be like. */
export interface HeadFolder {
  /** Of config.json, in place of those that are there; undefined leaves one out. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Tensors that are left out. */
  readonly without?: RegExp;
  /** Other names of tensors. */
  readonly rename?: (name: string) => string;
  /** Rows that are kept of the classifier: the first ones. */
  readonly labels?: number;
  /** Of tokenizer.json. */
  readonly tokenizer?: Readonly<Record<string, unknown>>;
}

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const parsed = (name: string, file: string) =>
  JSON.parse(readFileSync(`${encoderFolder(name)}/${file}`, "utf8")) as Record<string, unknown>;

/** The files of a golden folder, changed. */
export function headFiles(name: string, { fields = {}, without, rename, labels, tokenizer = {} }: HeadFolder) {
  const file = readFileSync(`${encoderFolder(name)}/model.safetensors`);
  const length = Number(file.readBigUInt64LE(0));
  type Entry = { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: [number, number] };
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<string, Entry>;
  const tensors: Record<string, TensorToWrite> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (without?.test(name)) continue;
    const [begin, end] = data_offsets;
    const classifier = labels !== undefined && /^classifier(\.out_proj)?\.(weight|bias)$/.test(name);
    const kept = classifier ? [labels, ...shape.slice(1)] : shape;
    const size = classifier ? ((end - begin) * labels) / (shape[0] ?? 1) : end - begin;
    const bytes = new Uint8Array(file.subarray(8 + length + begin, 8 + length + begin + size));
    tensors[rename?.(name) ?? name] = { dtype, shape: kept, bytes };
  }
  return {
    "config.json": json({ ...parsed(name, "config.json"), ...fields }),
    "tokenizer.json": json({ ...parsed(name, "tokenizer.json"), ...tokenizer }),
    "tokenizer_config.json": json(parsed(name, "tokenizer_config.json")),
    "model.safetensors": safetensors(tensors),
  };
}

/** A golden folder, changed, in memory. */
export const headFolder = (name: string, changes: HeadFolder): FileSource => memorySource(headFiles(name, changes));

/** The same on the disk until the test ends: its path. */
export function headFolderOnDisk(name: string, changes: HeadFolder): string {
  const folder = mkdtempSync(join(tmpdir(), "shaderformer-heads-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [file, bytes] of Object.entries(headFiles(name, changes))) writeFileSync(join(folder, file), bytes);
  return folder;
}
