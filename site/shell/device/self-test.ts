import { attention, type Gpu, tensor } from "../../../src/index.ts";

/** Logarithms of 1 to 4 as scores make weights of 1 to 4 tenths, and the identity as values shows them. */
const expected = [0.1, 0.2, 0.3, 0.4];

/**
 * Computes one attention whose answer is known, in some 50 ms: browsers and drivers that compute wrongly do exist.
 * Undefined where it is right, else what is wrong.
 */
export async function selfTest(gpu: Gpu, sim: string | undefined): Promise<string | undefined> {
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
  const { out } = attention(gpu, { q, k, v }, { variant: "rows", mask: "full" });
  const found = await out.read();
  out.dispose();
  const bias = sim === "wrong-numbers" ? 0.013 : 0;
  const at = expected.findIndex((value, i) => !(Math.abs((found[i] ?? Number.NaN) + bias - value) < 1e-4));
  return at < 0 ? undefined : `✗ ${((found[at] ?? Number.NaN) + bias).toFixed(4)} where ${expected[at]} is right`;
}
