import { nodeModule } from "../folder.ts";

/** Incremental SHA-256 (FIPS 180-4). */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** In hexadecimal; it ends here. */
  digest(): string;
}

/**
 * A new SHA-256: Node's own, or that of hash-wasm, since WebCrypto only digests whole buffers. Undefined if the page's
 * content security policy refuses WebAssembly.
 */
export async function createSha256(): Promise<Sha256 | undefined> {
  const node = nodeModule("node:crypto") as typeof import("node:crypto") | undefined;
  if (node) {
    const hash = node.createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
  }
  try {
    const { createSHA256 } = await import("./sha256-wasm.ts");
    const hash = await createSHA256();
    hash.init();
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

const hexadecimal = (buffer: ArrayBuffer) =>
  [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** SHA-256 of a buffer. */
export const sha256Of = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  hexadecimal(await crypto.subtle.digest("SHA-256", bytes));

/** SHA-1 of the git blob with this content, by which git names files. */
export async function gitSha1Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const blob = new Uint8Array(head.length + bytes.length);
  blob.set(head);
  blob.set(bytes, head.length);
  return hexadecimal(await crypto.subtle.digest("SHA-1", blob));
}
