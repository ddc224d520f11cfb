import { FormatError, listed, printed, shortened } from "../format-error.ts";
import { kindOf, parseStrictJson, type StrictJson } from "../json/strict-json.ts";
import { decodeUtf8 } from "../read-text.ts";
import { isCommit } from "./repository.ts";

/** A hub's entry for a file: at least its name. */
export interface ListedFile {
  readonly size?: number | undefined;
  /** SHA-256 of its content, in hexadecimal: for files in large file storage. */
  readonly sha256?: string | undefined;
  /** SHA-1 of its git blob, in hexadecimal: for the other files. */
  readonly gitSha1?: string | undefined;
}

/** The files of a repository at a commit. */
export interface Listing {
  readonly commit: string;
  /** By path. */
  readonly files: ReadonlyMap<string, ListedFile>;
  /** The licence that the repository's card states. */
  readonly license?: string | undefined;
}

/**
 * The largest listing accepted, in bytes, and the maximum number of files. The largest model repositories have a few
 * thousand.
 */
export const listingBytes = 32 << 20;
const maxFiles = 100_000;

const isDigest = (value: unknown, digits: number): value is string =>
  typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value);

/**
 * Reads the description of a repository that a hub's interface answers with (`/api/models/…/revision/…?blobs=true`).
 * Files whose names lead elsewhere are left out; only fields checked here are used.
 *
 * @throws FormatError naming the invalid field.
 */
export function readListing(name: string, bytes: Uint8Array): Listing {
  const json = parseStrictJson(name, decodeUtf8(name, bytes, false), "the hub's description");
  const fail = (field: string, value: StrictJson | undefined, expected: string): never => {
    throw new FormatError(name, `is ${kindOf(value)}, expected ${expected}`, { field: `the hub's ${field}` });
  };
  if (!(json instanceof Map)) return fail("description", json, "an object");
  const commit = json.get("sha");
  if (typeof commit !== "string" || !isCommit(commit)) return fail("sha", commit, "a commit of 40 hexadecimal digits");
  const siblings = json.get("siblings");
  if (!Array.isArray(siblings)) return fail("siblings", siblings, "a list of files");
  if (siblings.length > maxFiles) {
    throw new FormatError(name, `has ${siblings.length} files, expected at most ${maxFiles}`);
  }
  const files = new Map<string, ListedFile>();
  for (const [i, sibling] of siblings.entries()) {
    const field = `siblings[${i}]`;
    if (!(sibling instanceof Map)) return fail(field, sibling, "an object");
    const file = sibling.get("rfilename");
    if (typeof file !== "string") return fail(`${field}.rfilename`, file, "a file name");
    if (isPlain(file))
      files.set(
        file,
        listedFile(sibling, (at, value, what) => fail(`${field}.${at}`, value, what)),
      );
  }
  const license = licenseOf(json);
  return { commit, files, ...(license === undefined ? {} : { license }) };
}

type Fail = (field: string, value: StrictJson | undefined, expected: string) => never;

function listedFile(sibling: ReadonlyMap<string, StrictJson>, fail: Fail): ListedFile {
  const size = (value: StrictJson | undefined, field: string) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "bigint" || value < 0n || value > Number.MAX_SAFE_INTEGER)
      fail(field, value, "a size in bytes");
    return Number(value);
  };
  const lfs = sibling.get("lfs");
  if (lfs instanceof Map) {
    const sha256 = lfs.get("sha256") ?? lfs.get("oid");
    if (!isDigest(sha256, 64)) return fail("lfs.sha256", sha256, "64 hexadecimal digits");
    return { size: size(lfs.get("size"), "lfs.size") ?? size(sibling.get("size"), "size"), sha256 };
  }
  const gitSha1 = sibling.get("blobId");
  return { size: size(sibling.get("size"), "size"), ...(isDigest(gitSha1, 40) ? { gitSha1 } : {}) };
}

/** A path that stays inside its folder, as `checkRelative` accepts it. */
const isPlain = (file: string): boolean =>
  file.length <= 500 &&
  !/[\\:\0]/.test(file) &&
  file.split("/").every((part) => part !== "" && part !== "." && part !== "..");

/** The licence, from the card or from a tag. */
function licenseOf(json: ReadonlyMap<string, StrictJson>): string | undefined {
  const card = json.get("cardData");
  const stated = card instanceof Map ? (card.get("license_name") ?? card.get("license")) : undefined;
  const tags = json.get("tags");
  const tag = Array.isArray(tags)
    ? tags.find((one): one is string => typeof one === "string" && one.startsWith("license:"))
    : undefined;
  const license = typeof stated === "string" ? stated : tag?.slice("license:".length);
  return license === undefined ? undefined : shortened(printed(license), 80);
}

/** For an error: what a repository has instead of readable weights; undefined if it has some. */
export function withoutWeights({ files }: Listing): string | undefined {
  const names = [...files.keys()];
  if (names.some((name) => name === "model.safetensors" || name === "model.safetensors.index.json")) return undefined;
  const gguf = names.filter((name) => name.endsWith(".gguf"));
  if (gguf.length > 0) return `has GGUF files (${listed(gguf, 3)}): expected owner/name/file.gguf, which names one`;
  const others = names.filter((name) => /\.(bin|pt|pth|h5|msgpack|onnx|ckpt|safetensors)$/.test(name));
  const found = others.length > 0 ? `it has ${listed(others, 3)}` : `it has ${names.length} files`;
  return `has no weights: looked for model.safetensors.index.json and model.safetensors; ${found}`;
}

/** For an error: what a repository has instead of a file; undefined if it has the file. */
export function withoutFile({ files }: Listing, file: string): string | undefined {
  if (files.has(file)) return undefined;
  const gguf = [...files.keys()].filter((name) => name.endsWith(".gguf"));
  return `has no file ${shortened(file, 80)}; ${gguf.length > 0 ? `it has ${listed(gguf)}` : "it has no GGUF files"}`;
}
