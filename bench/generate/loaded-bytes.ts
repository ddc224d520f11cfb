import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { LoadedBytes } from "./result.ts";

/** The kinds of files that a visit loads, by path on the bench's site. */
function kindOf(path: string): "scripts" | "wasm" | "model" {
  if (/^\/api\/|\/resolve\//.test(path)) return "model";
  return extname(path) === ".wasm" ? "wasm" : "scripts";
}

/** Cached compressed lengths of files, since every visit loads them. */
const lengths = new Map<string, number>();

async function compressedLength(file: string): Promise<number> {
  const length = lengths.get(file) ?? (await promisify(gzip)(await readFile(file), { level: 9 })).length;
  lengths.set(file, length);
  return length;
}

/** The bytes of a visit, from those sent by path; `site` is the served folder. */
export async function bytesOf(site: string, loaded: ReadonlyMap<string, number>): Promise<LoadedBytes> {
  const sums = { scripts: 0, wasm: 0, model: 0 };
  let compressed = 0;
  for (const [path, bytes] of loaded) {
    const kind = kindOf(path);
    sums[kind] += bytes;
    compressed += kind === "model" ? bytes : Math.min(bytes, await compressedLength(join(site, path)));
  }
  return { total: sums.scripts + sums.wasm + sums.model, ...sums, compressed };
}
