import { attention, type Gpu, ShaderError, tensor } from "../../../src/index.ts";

/** How the known-answer test failed. */
export interface Fault {
  /** A wrong answer, a shader refused by the browser's compiler, or no answer for another reason. */
  readonly kind: "wrong" | "not-compiled" | "failed";
  /** The finding, on one line. */
  readonly says: string;
  /** The full message of the compiler or the driver. */
  readonly detail: string;
}

/** Logarithms of 1 to 4 as scores make weights of 1 to 4 tenths, and the identity as values shows them. */
const expected = [0.1, 0.2, 0.3, 0.4];

/** A mask that no compiler accepts, to show the page's reaction. */
const refused = {
  kind: "custom",
  wgsl: "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n  return q + simulated;\n}",
} as const;

/**
 * Computes one attention whose answer is known, in some 50 ms: some browsers and drivers compute wrongly, and some
 * compilers refuse what others accept. Undefined if the answer is right. Never throws.
 */
export async function selfTest(gpu: Gpu, sim: string | undefined): Promise<Fault | undefined> {
  try {
    return await wrongAnswer(gpu, sim);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const kind = error instanceof ShaderError ? "not-compiled" : "failed";
    return { kind, says: detail.split("\n", 1)[0] ?? "", detail };
  }
}

async function wrongAnswer(gpu: Gpu, sim: string | undefined): Promise<Fault | undefined> {
  const rows = (value: (row: number, column: number) => number) =>
    Array.from({ length: 16 }, (_, i) => value(Math.floor(i / 4), i % 4));
  using q = tensor(gpu, [1, 1, 1, 4], [1, 0, 0, 0]);
  using k = tensor(
    gpu,
    [1, 1, 4, 4],
    rows((row, column) => (column === 0 ? 2 * Math.log(row + 1) : 0)),
  );
  using v = tensor(
    gpu,
    [1, 1, 4, 4],
    rows((row, column) => Number(row === column)),
  );
  const { out } = attention(gpu, { q, k, v }, { variant: "rows", mask: sim === "not-compiled" ? refused : "full" });
  const found = await out.read();
  out.dispose();
  const bias = sim === "wrong-numbers" ? 0.013 : 0;
  const at = expected.findIndex((value, i) => !(Math.abs((found[i] ?? Number.NaN) + bias - value) < 1e-4));
  if (at < 0) return undefined;
  const says = `${((found[at] ?? Number.NaN) + bias).toFixed(4)} where ${expected[at]} is right`;
  return { kind: "wrong", says, detail: says };
}
